"""The whole platform on this machine: a database, the API and one worker, as children of this process."""

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.client import Api
from cli.failures import CommandFailed, OutOfReach
from cli.processes import Children
from cli.web import address_of
from config.artifact_location import BUCKET_SETTINGS
from store.embedded import EmbeddedPostgres
from store.embedded_binaries import EmbeddedUnavailable
from store.migrations import MigrationError, migrate

READY_SECONDS = 60.0
LOOK_SECONDS = 0.1
WEB_GRACE_SECONDS = 15.0
# The worker ends by itself within its grace and ten seconds more.
SECONDS_PAST_WORKER_GRACE = 15.0


@dataclass(frozen=True)
class Plan:
    """What to start: the children's environment, where their logs go (None: standard error), the grace."""

    environment: dict[str, str]
    logs: Path | None
    worker_grace_seconds: float


@contextmanager
def embedded(server: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    """The server, started; stopped at the end."""
    try:
        server.start()
    except EmbeddedUnavailable as error:
        raise OutOfReach(str(error)) from None
    try:
        yield server
    finally:
        server.stop()


def bring_up_to_date(database_url: str) -> list[str]:
    """The migrations that were applied."""
    try:
        return migrate(database_url).applied
    except MigrationError as error:
        raise OutOfReach(str(error)) from None


def start_processes(children: Children, plan: Plan, bound: socket.socket) -> str:
    """Starts the API on the socket, then the worker; gives the API's address once it is ready."""
    _start_api(children, plan, bound)
    children.start(
        "the worker",
        [*_command(), "worker", "--grace", str(plan.worker_grace_seconds)],
        environment=plan.environment,
        log=plan.logs and plan.logs / "worker.log",
        grace_seconds=plan.worker_grace_seconds + SECONDS_PAST_WORKER_GRACE,
    )
    url = address_of(bound)
    bound.close()  # the API has it now: a caller must be refused, not kept waiting, when it is gone
    wait_until_ready(url, children)
    return url


def wait_until_ready(url: str, children: Children) -> None:
    """Returns as soon as the API takes requests; raises if it does not in time, or a child has ended."""
    deadline = time.monotonic() + READY_SECONDS
    with Api(url) as api:
        while (reason := api.why_not_ready()) is not None:
            children.check()
            if time.monotonic() > deadline:
                raise CommandFailed(f"the API is not ready after {READY_SECONDS:g} s: {reason}")
            time.sleep(LOOK_SECONDS)


def environment_for(database_url: str, **settings: str | Path) -> dict[str, str]:
    """The children's settings; they win over a .env file, which the children read too."""
    named = {name.upper(): str(value) for name, value in settings.items()}
    if "ARTIFACTS" in named:
        # What the file says of a bucket does not go with a folder.
        named |= dict.fromkeys(BUCKET_SETTINGS, "")
    return {"DATABASE_URL": database_url, "DATABASE_URL_DIRECT": database_url, **named}


def _start_api(children: Children, plan: Plan, bound: socket.socket) -> None:
    children.start(
        "the API",
        [*_command(), "api", "--fd", str(bound.fileno())],
        environment=plan.environment,
        log=plan.logs and plan.logs / "api.log",
        grace_seconds=WEB_GRACE_SECONDS,
        keep_open=[bound.fileno()],
    )


def _command() -> list[str]:
    # -P: a folder named as one of our packages must not be imported from where the user happens to be.
    return [sys.executable, "-P", "-m", "cli.main"]
