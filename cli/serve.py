"""`matchday serve`: the platform for development, until Ctrl-C."""

from contextlib import ExitStack

from rich.console import Console

from cli.local_platform import (
    Plan,
    bring_up_to_date,
    embedded,
    environment_for,
    start_processes,
)
from cli.processes import Children
from cli.settings import read_settings
from cli.stopping import Stopping, ToldToStop
from cli.terminal import notes
from cli.web import bound_socket
from config.logs import configure_logs
from config.settings import Settings
from store.embedded import EmbeddedPostgres


def run_serve() -> int:
    """The exit code: 0 when told to stop, otherwise a process has ended by itself."""
    settings = read_settings()
    configure_logs(settings, "serve")
    console = notes()
    try:
        with Stopping() as stopping, ExitStack() as stack:
            bound = stack.enter_context(bound_socket(settings.api_host, settings.api_port))
            server = _database(stack, settings, console)
            children = stack.enter_context(Children(stopping))
            if server:
                children.watch("PostgreSQL", server.pid, server.root / "server.log")
            environment = environment_for(server.url) if server else {}
            url = start_processes(children, Plan(environment, None, settings.worker_grace_seconds), bound)
            _welcome(url, console)
            children.wait()
    except ToldToStop:
        console.print("stopped")
    return 0


def _database(stack: ExitStack, settings: Settings, console: Console) -> EmbeddedPostgres | None:
    """Up to date: the server of DATABASE_URL, or an embedded one whose data stays."""
    if settings.database_url:
        bring_up_to_date(settings.direct_url)
        return None
    console.print("DATABASE_URL is not set: using an embedded PostgreSQL, which is for development only.")
    server = stack.enter_context(embedded(EmbeddedPostgres(settings.matchday_home / "postgres")))
    bring_up_to_date(server.url)
    return server


def _welcome(url: str, console: Console) -> None:
    other = "" if url == "http://127.0.0.1:8000" else f" --url {url}"
    console.print(
        f"matchday serves at {url} (documentation: {url}/docs); Ctrl-C stops it. In another terminal:\n"
        f"  matchday jobs submit data_pipeline --watch{other}\n"
        f"  matchday jobs list{other}\n"
        f"  curl {url}/api/v1/predictions/league/D1",
        soft_wrap=True,
    )
