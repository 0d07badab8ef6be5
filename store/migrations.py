"""Brings a database up to date: numbered SQL files, each once, in one transaction; views made anew.

Safe when several processes start at once, through a pooler too: every step takes one transaction-level lock.
"""

import hashlib
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

import psycopg
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from store.database import conninfo

FOLDER = Path(__file__).parents[1] / "sql"
OLDEST_SERVER = 150_000
LOCK = 7_236_054_811
LOCK_TIMEOUT = "2s"
LOCK_TRIES = 15
NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")

CREATE_TABLE = """
create table if not exists schema_migrations (
    version integer primary key,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default now()
);
comment on table schema_migrations is 'One row is one migration that was applied; 0 is the set of views.'
"""

Conn = psycopg.Connection[tuple[object, ...]]
Log = Callable[[str], object]
T = TypeVar("T")


class MigrationError(Exception):
    """The database cannot be brought up to date; the text is one line that says why."""


@dataclass(frozen=True)
class Migration:
    """One file of sql/migrations."""

    version: int
    name: str
    statements: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.statements.encode()).hexdigest()


@dataclass(frozen=True)
class MigrationReport:
    """What one call of migrate did."""

    applied: list[str]
    views_recreated: bool
    version: int


def migrate(url: str, *, folder: Path = FOLDER, log: Log | None = None) -> MigrationReport:
    """Applies what is missing, in order. Raises MigrationError; a file that fails leaves nothing behind."""
    migrations = read_migrations(folder)
    tell = log or (lambda _: None)
    with _connected(url) as conn:
        _in_one_transaction(conn, partial(conn.execute, CREATE_TABLE), tell)
        applied = []
        for migration in migrations:
            if _in_one_transaction(conn, partial(_apply, conn, migration), tell):
                tell(f"applied {migration.name}")
                applied.append(migration.name)
        recreated = _in_one_transaction(conn, partial(_recreate_views, conn, folder, bool(applied)), tell)
        newest = conn.execute("select max(version) from schema_migrations").fetchone()
    version = cast(int, newest[0]) if newest else 0
    if version > migrations[-1].version:
        tell(f"the database is at migration {version}, newer than this release's {migrations[-1].version}")
    return MigrationReport(applied, recreated, version)


def read_migrations(folder: Path = FOLDER) -> list[Migration]:
    """The files in order. Raises MigrationError for a wrong name, a gap or a number used twice."""
    migrations = []
    for path in sorted((folder / "migrations").glob("*.sql")):
        matched = NAME.fullmatch(path.name)
        if not matched:
            raise MigrationError(f"{path.name}: a migration is named like 0001_what_it_does.sql")
        migrations.append(Migration(int(matched[1]), path.name, path.read_text()))
    numbers = [migration.version for migration in migrations]
    if not numbers or numbers != list(range(1, len(numbers) + 1)):
        raise MigrationError(
            f"the migrations in {folder.name}/ must be numbered from 1 without gaps: {numbers}"
        )
    return migrations


async def missing_migrations(conn: AsyncConnection, folder: Path = FOLDER) -> list[str]:
    """The names of the files that the database has not seen yet."""
    try:
        rows = await conn.execute(text("select version from schema_migrations"))
    except ProgrammingError:  # there is no such table: nothing was ever applied
        return [migration.name for migration in read_migrations(folder)]
    applied = {row.version for row in rows}
    return [migration.name for migration in read_migrations(folder) if migration.version not in applied]


def _apply(conn: Conn, migration: Migration) -> bool:
    row = conn.execute(
        "select checksum from schema_migrations where version = %s", [migration.version]
    ).fetchone()
    if row is None:
        _execute_file(conn, migration.name, migration.statements)
        conn.execute(
            "insert into schema_migrations (version, name, checksum) values (%s, %s, %s)",
            [migration.version, migration.name, migration.checksum],
        )
        return True
    if row[0] != migration.checksum:
        raise MigrationError(
            f"{migration.name} was changed after it was applied: put it back, and write a new migration"
        )
    return False


def _recreate_views(conn: Conn, folder: Path, tables_changed: bool) -> bool:
    """Drops and creates every view, in the order of their files' names, unless none has changed."""
    files = sorted((folder / "views").glob("*.sql"))
    checksum = hashlib.sha256("\0".join(file.read_text() for file in files).encode()).hexdigest()
    row = conn.execute("select checksum from schema_migrations where version = 0").fetchone()
    if row and row[0] == checksum and not tables_changed:
        return False
    for file in reversed(files):
        conn.execute(sql.SQL("drop view if exists {}").format(sql.Identifier(file.stem)))
    for file in files:
        _execute_file(conn, file.name, file.read_text())
    conn.execute(
        "insert into schema_migrations (version, name, checksum) values (0, 'views', %s)"
        " on conflict (version) do update set checksum = excluded.checksum, applied_at = now()",
        [checksum],
    )
    return True


def _execute_file(conn: Conn, name: str, statements: str) -> None:
    try:
        conn.execute(statements)
    except psycopg.errors.LockNotAvailable:
        raise
    except psycopg.Error as error:
        position = error.diag.statement_position
        line = statements.count("\n", 0, int(position)) + 1 if position else None
        place = f"{name}, line {line}" if line else name
        raise MigrationError(f"{place}: {error.diag.message_primary or error}") from error


def _in_one_transaction(conn: Conn, step: Callable[[], T], tell: Log) -> T:
    """Runs the step under our lock; gives way to who holds a table, and tries again."""
    for tries in range(1, LOCK_TRIES + 1):
        try:
            with conn.transaction():
                conn.execute("select set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
                conn.execute("select pg_advisory_xact_lock(%s)", [LOCK])
                return step()
        except psycopg.errors.LockNotAvailable:
            tell(f"waiting for a lock ({tries} of {LOCK_TRIES})")
            time.sleep(random.uniform(0.05, 0.5))  # noqa: S311 - only spreads the tries
        except psycopg.Error as error:
            raise MigrationError(str(error).strip().splitlines()[0]) from error
    raise MigrationError("a lock was not to be had: another session holds a table; try again when it is done")


@contextmanager
def _connected(url: str) -> Iterator[Conn]:
    try:
        conn = psycopg.connect(conninfo(url, "migrate"), autocommit=True, prepare_threshold=None)
    except psycopg.OperationalError as error:
        # libpq names host and port, never the password.
        reason = " ".join(str(error).split())
        raise MigrationError(f"the database cannot be reached: {reason}") from None
    with conn:
        if conn.info.server_version < OLDEST_SERVER:
            raise MigrationError("PostgreSQL 15 or newer is needed")
        yield conn
