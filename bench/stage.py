"""What every measurement stands on: an embedded PostgreSQL with its usual durability, and our processes."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.local_platform import bring_up_to_date, environment_for, wait_until_ready
from cli.processes import Child, Children
from cli.stopping import Stopping
from cli.web import address_of, bound_socket
from config.logs import configure_logs
from config.settings import load_settings, override
from store.embedded import EmbeddedPostgres

GRACE_SECONDS = 15


@dataclass(frozen=True)
class Stage:
    """The database is up to date and empty; processes are started when the measurement wants them."""

    database_url: str
    children: Children
    folder: Path

    def start(self, name: str, *command: str, **environment: str) -> Child:
        return self.children.start(
            name,
            [sys.executable, "-P", "-m", *command],
            environment={
                **environment_for(self.database_url, artifacts=self.folder / "artifacts"),
                "PYTHONPATH": str(Path(__file__).parents[1]),
                "LOG_LEVEL": "WARNING",
                **environment,
            },
            log=self.folder / f"{name}.log",
            grace_seconds=GRACE_SECONDS,
        )

    def start_web(self, *command: str) -> tuple[Child, str]:
        """The process and its address, ready for requests. The command takes `--port`."""
        with bound_socket("127.0.0.1", 0) as bound:
            url = address_of(bound)
        web = self.start("web", *command, "--port", url.rpartition(":")[2])
        wait_until_ready(url, self.children)
        return web, url


@contextmanager
def stage() -> Iterator[Stage]:
    configure_logs(override(load_settings(), {"log_level": "WARNING"}), "bench")
    folder = Path(tempfile.mkdtemp(prefix="matchday-bench-"))
    server = EmbeddedPostgres(folder / "postgres")
    try:
        with Stopping() as stopping, server:
            bring_up_to_date(server.url)
            with Children(stopping) as children:
                yield Stage(server.url, children, folder)
    finally:
        shutil.rmtree(server.root, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
