"""`matchday jobs ...`: a client of the API, so that it works for this machine and for any other."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from cli.answers import Answer, Job
from cli.arguments import job_params, moment
from cli.client import DEFAULT_URL, Api
from cli.failures import CommandFailed, WrongUsage
from cli.follow import follow
from cli.progress import JobProgress
from cli.show import show_attempts, show_job, show_job_types, show_jobs
from cli.terminal import notes, plain, print_json

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Add jobs, see them, follow them, cancel them, clean up.",
)


class Status(StrEnum):
    pending = "pending"
    running = "running"
    completed = "completed"
    failed = "failed"
    cancelled = "cancelled"


class ActiveStatus(StrEnum):
    pending = "pending"
    running = "running"


Url = Annotated[str, typer.Option("--url", envvar="MATCHDAY_URL", help="Where the API is.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
JobId = Annotated[int, typer.Argument(metavar="ID", min=1)]
Watch = Annotated[bool, typer.Option("--watch", help="Follow the job until it is finished.")]


@app.command()
def submit(
    job_type: Annotated[str, typer.Argument(metavar="TYPE", help="See `matchday jobs types`.")],
    param: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", metavar="NAME=VALUE", help="One parameter; repeatable."),
    ] = None,
    params: Annotated[
        str | None, typer.Option("--params", metavar="JSON", help="All parameters as one JSON object.")
    ] = None,
    run_after: Annotated[
        str | None, typer.Option(metavar="TIME", help="Not before this time, or so long from now: 30m, 2h.")
    ] = None,
    priority: Annotated[int | None, typer.Option(help="-100 to 100; higher runs first.")] = None,
    watch: Watch = False,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Add a job."""
    given = job_params(param or [], params)
    not_before = moment("--run-after", run_after, now=datetime.now(UTC), ago=False)
    with Api(url) as api:
        job = api.submit(job_type, given, run_after=not_before, priority=priority)
        if watch:
            _watch(api, job.id, as_json)
        else:
            _tell(job, as_json, f"job {job.id} is {job.status}; follow it with: matchday jobs watch {job.id}")


@app.command("list")
def list_jobs(
    status: Annotated[list[Status] | None, typer.Option(help="Repeatable.")] = None,
    job_type: Annotated[str | None, typer.Option("--type")] = None,
    queue: Annotated[str | None, typer.Option()] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Created since this time, or within: 30m, 2h, 7d.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    cursor: Annotated[str | None, typer.Option(help="next_cursor of the page before.")] = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show jobs, newest first."""
    created_since = moment("--since", since, now=datetime.now(UTC), ago=True)
    with Api(url) as api:
        page = api.jobs(
            status=[str(one) for one in status or []],
            type=job_type,
            queue=queue,
            created_since=created_since,
            limit=limit,
            cursor=cursor,
        )
    if as_json:
        _print(page)
        return
    show_jobs(page)
    if page.next_cursor:
        notes().print(f"there are older jobs: --cursor {plain(page.next_cursor)}", markup=False)


@app.command()
def show(job_id: JobId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show one job with its parameters, progress, and result or error."""
    with Api(url) as api:
        job = api.job(job_id)
    if as_json:
        _print(job)
    else:
        show_job(job)


@app.command()
def attempts(job_id: JobId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show each attempt of a job and how it ended; --json has the traces."""
    with Api(url) as api:
        found = api.attempts(job_id)
    if as_json:
        _print(found)
    else:
        show_attempts(found)


@app.command()
def watch(job_id: JobId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Follow a job's progress until it is finished; exit code 0 only if it completed."""
    with Api(url) as api:
        _watch(api, job_id, as_json)


@app.command()
def cancel(
    job_ids: Annotated[list[int] | None, typer.Argument(metavar="[ID]...", min=1)] = None,
    status: Annotated[list[ActiveStatus] | None, typer.Option(help="Repeatable; both if left out.")] = None,
    job_type: Annotated[str | None, typer.Option("--type")] = None,
    queue: Annotated[str | None, typer.Option()] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Created since this time, or within: 30m, 2h, 7d.")
    ] = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Cancel pending jobs at once, and ask the workers of running ones to stop them: by ID or by filter."""
    created_since = moment("--since", since, now=datetime.now(UTC), ago=True)
    statuses = [str(one) for one in status or []]
    conditions = {"statuses": statuses, "type": job_type, "queue": queue, "created_since": created_since}
    with Api(url) as api:
        if job_ids and len(job_ids) == 1 and not any(conditions.values()):
            job = api.cancel(job_ids[0])
            told = "is cancelled" if job.is_finished else "will be stopped by its worker"
            _tell(job, as_json, f"job {job.id} {told}")
        elif job_ids or any(conditions.values()):
            _cancel_many(api, {**conditions, "ids": job_ids}, as_json)
        else:
            raise WrongUsage("give the ID of a job, or a filter: --status, --type, --queue, --since")


@app.command()
def retry(job_id: JobId, watch: Watch = False, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Put a failed or cancelled job back into its queue."""
    with Api(url) as api:
        job = api.retry(job_id)
        if watch:
            _watch(api, job.id, as_json)
        else:
            _tell(job, as_json, f"job {job.id} is {job.status} again")


@app.command()
def cleanup(
    older_than_days: Annotated[float, typer.Option(min=0, max=3_650)] = 7,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Delete the jobs that finished so many days ago or earlier."""
    deleted, complete = 0, False
    with Api(url) as api:
        while not complete:
            batch = api.clean_up(older_than_days)
            deleted, complete = deleted + batch.deleted, batch.complete
    if as_json:
        print_json({"deleted": deleted})
    else:
        notes().print(f"{deleted} jobs deleted")


@app.command()
def types(url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show the job types and their parameters; --json has the schema of each."""
    with Api(url) as api:
        found = api.job_types()
    if as_json:
        _print(found)
    else:
        show_job_types(found)


def _cancel_many(api: Api, conditions: dict[str, Any], as_json: bool) -> None:
    """Asks until no job is left that the filter finds."""
    total, complete = dict.fromkeys(("matched", "cancelled", "asked", "skipped"), 0), False
    while not complete:
        batch = api.cancel_many(**conditions)
        total = {name: count + getattr(batch, name) for name, count in total.items()}
        complete = batch.complete
    if as_json:
        print_json(total)
    else:
        told = "{matched} jobs found: {cancelled} cancelled, {asked} asked to stop, {skipped} skipped"
        notes().print(told.format(**total))
    left = len(set(conditions["ids"] or [])) - total["cancelled"] - total["asked"]
    if left > 0:
        raise CommandFailed(
            f"{left} of these jobs could not be cancelled: finished, unknown or not in the filter"
        )


def _watch(api: Api, job_id: int, as_json: bool) -> None:
    """Shows progress until the end; raises CommandFailed unless the job completed."""
    with JobProgress() as progress:
        for job in follow(api, job_id, progress.note):
            progress.show(job)
    if as_json:
        _print(job)
    if job.status != "completed":
        raise CommandFailed(f"job {job.id} {plain(job.ending)}")
    if not as_json:
        notes().print(f"job {job.id} completed in {job.seconds or 0:.1f} s")


def _tell(job: Job, as_json: bool, line: str) -> None:
    if as_json:
        _print(job)
    else:
        notes().print(line, markup=False)


def _print(answer: Answer) -> None:
    print_json(answer.model_dump(mode="json"))
