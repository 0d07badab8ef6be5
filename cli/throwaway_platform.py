"""A platform that lives as long as one command: a database, the API, a worker; nothing is left of them."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from cli.failures import OutOfReach, WrongUsage
from cli.local_platform import Plan, bring_up_to_date, environment_for, start_processes
from cli.processes import Children
from cli.stopping import Stopping
from cli.web import bound_socket
from store.embedded import EmbeddedPostgres, throwaway_postgres
from store.embedded_binaries import EmbeddedUnavailable

# What the worker leaves undone is thrown away with everything else.
WORKER_GRACE_SECONDS = 1.0


@dataclass(frozen=True)
class Platform:
    """The processes, the API's address, the database's."""

    children: Children
    url: str
    database_url: str


def data_location(data: str | None) -> str | None:
    """The folder, CSV file or URL that the worker will read, wherever the worker is."""
    if data is None or "://" in data:
        return data
    place = Path(data).expanduser().resolve()
    if not place.exists():
        raise WrongUsage(f"--data {data}: there is no such folder (it takes a folder, a CSV file or a URL)")
    return str(place)


@contextmanager
def throwaway_platform(
    name: str, location: str | None, stopping: Stopping, console: Console
) -> Iterator[Platform]:
    """Up and ready; no process and no folder is left at the end."""
    # Told by a line: a live display is a thread, and processes are better forked before there are any.
    console.print("starting PostgreSQL, the API and a worker")
    with _home(name) as home, _server() as server, Children(stopping) as children:
        bring_up_to_date(server.url)
        environment = environment_for(
            server.url, matchday_home=home, artifacts=home / "artifacts", worker_queues=""
        )
        if location:
            environment["FOOTBALL_DATA"] = location
        children.watch("PostgreSQL", server.pid, server.root / "server.log")
        plan = Plan(environment, home, WORKER_GRACE_SECONDS)
        url = start_processes(children, plan, bound_socket("127.0.0.1", 0))
        yield Platform(children, url, server.url)


@contextmanager
def _home(name: str) -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix=f"matchday-{name}-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _server() -> Iterator[EmbeddedPostgres]:
    with ExitStack() as stack:
        try:
            server = stack.enter_context(throwaway_postgres())
        except EmbeddedUnavailable as error:
            raise OutOfReach(str(error)) from None
        yield server
