"""`matchday workers`: who works, on what."""

from rich.table import Table

from cli.answers import Worker
from cli.client import DEFAULT_URL, Api
from cli.jobs import AsJson, Url
from cli.terminal import cell, print_json, results

JOBS_SHOWN = 5


def workers(url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show the worker processes; a silent one is counted as dead, and its jobs go to others."""
    with Api(url) as api:
        found = api.workers()
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    table = Table("id", "worker", "status", "heard (s)", "queues", "running", "memory", "jobs", box=None)
    for worker in found.items:
        table.add_row(
            str(worker.id),
            cell(worker.name),
            cell(_status(worker), "" if worker.status == "alive" else "bold red"),
            f"{worker.heartbeat_age_seconds:.1f}",
            cell(_queues(worker)),
            f"{worker.running} of {worker.concurrency or '?'}",
            _memory(worker),
            cell(_jobs(worker)),
        )
    results().print(table)


def _status(worker: Worker) -> str:
    return f"{worker.status}, polls" if worker.polls else worker.status


def _queues(worker: Worker) -> str:
    named = [name if cap is None else f"{name}={cap}" for name, cap in (worker.queues or {}).items()]
    return ", ".join(named) or "all"


def _memory(worker: Worker) -> str:
    return "" if worker.memory_bytes is None else f"{worker.memory_bytes / 1e6:.0f} MB"


def _jobs(worker: Worker) -> str:
    told = [f"{job.id} {job.type}" for job in worker.jobs[:JOBS_SHOWN]]
    return ", ".join(told + ["..."] * (worker.running > JOBS_SHOWN))
