"""The one PostgreSQL that all contestants use in turn: usual durability, a fresh database for each cell."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString, cast

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from store.embedded import EmbeddedPostgres

SETTINGS = {
    "shared_buffers": "512MB",
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track": "top",
    "max_connections": "100",
}
# begin, lock, commit
STATEMENTS_OF_A_LOCK = 3


class Server:
    """Makes databases and counts what is done in them."""

    def __init__(self, postgres: EmbeddedPostgres, folder: Path) -> None:
        self.folder = folder
        self.pid = postgres.pid or 0
        self._url = postgres.url
        self._admin = psycopg.connect(postgres.url, autocommit=True)
        self._admin.execute("create extension if not exists pg_stat_statements")

    @property
    def version(self) -> str:
        return str(self._one("show server_version"))

    def settings(self) -> dict[str, str]:
        named = ("shared_buffers", "fsync", "synchronous_commit", "full_page_writes", "wal_compression")
        return {name: str(self._one("select current_setting(%s)", name)) for name in named}

    def create(self, name: str, template: str = "template0") -> str:
        """A database as a copy of another; gives its URL."""
        self.drop(name)
        self._admin.execute(
            SQL("create database {} template {} strategy file_copy").format(
                Identifier(name), Identifier(template)
            )
        )
        return self._url.rpartition("/")[0] + f"/{name}"

    def drop(self, name: str) -> None:
        self._admin.execute(SQL("drop database if exists {} with (force)").format(Identifier(name)))

    def calm(self) -> None:
        """Nothing is left over from filling the tables."""
        self._admin.execute("checkpoint")

    def statements(self, database: str) -> int:
        """Since the server's start, by clients of this database."""
        calls = self._one(
            "select coalesce(sum(calls), 0) from pg_stat_statements s join pg_database d on d.oid = s.dbid "
            "where d.datname = %s",
            database,
        )
        return int(calls)

    def wal_bytes(self) -> int:
        return int(self._one("select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"))

    def waiting_ports(self) -> set[int]:
        """The clients' ends of the connections that wait for a lock."""
        waiting = self._admin.execute(
            "select client_port from pg_stat_activity where wait_event_type = 'Lock' and client_port > 0"
        )
        return {row[0] for row in waiting}

    def close(self) -> None:
        self._admin.close()

    def _one(self, statement: LiteralString, *values: object) -> Any:
        row = self._admin.execute(statement, values).fetchone()
        return row[0] if row else None


class Tables:
    """The orchestrator's look into one contestant's database. It counts its own statements."""

    def __init__(self, url: str, about: dict[str, Any]) -> None:
        # An index leads to the few rows that matter; old statistics must not say otherwise.
        self._url = make_conninfo(url, options="-c enable_seqscan=off")
        self._conn = psycopg.connect(self._url, autocommit=True)
        self._about = about
        self.own_statements = 0

    def fill(self, kind: str, jobs: int) -> None:
        self._execute(str(self._about["fills"][kind]).replace("$n", str(jobs)))

    def analyze(self) -> None:
        self._execute("vacuum analyze")

    def has_unfinished(self) -> bool:
        return bool(self._execute(self._about["unfinished"])[0][0])

    def finished(self) -> int:
        return int(self._execute(self._about["finished"])[0][0])

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody takes a job meanwhile."""
        table = Identifier(self._about["table"])
        with psycopg.connect(self._url) as conn:
            conn.execute(SQL("lock table {} in access exclusive mode").format(table))
            yield
            self.own_statements += STATEMENTS_OF_A_LOCK

    def close(self) -> None:
        self._conn.close()

    def _execute(self, statement: str) -> list[tuple[Any, ...]]:
        self.own_statements += 1
        cursor = self._conn.execute(cast(Any, statement))
        return cursor.fetchall() if cursor.description else []


@contextmanager
def running_server() -> Iterator[Server]:
    """Started for this run; nothing of it is left afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="matchday-bench-"))
    postgres = EmbeddedPostgres(folder / "postgres", settings=SETTINGS)
    try:
        with postgres:
            server = Server(postgres, folder)
            try:
                yield server
            finally:
                server.close()
    finally:
        shutil.rmtree(postgres.root, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
