"""Brings a database up to date: numbered SQL files, each once; functions and views made anew.

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
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.database import conninfo

FOLDER = Path(__file__).parents[1] / "sql"
OLDEST_SERVER = 150_000
LOCK = 7_236_054_811
# For the others' migrations, which may build an index; and for a table, before we give way to who reads it.
TURN_TIMEOUT = "10min"
LOCK_TIMEOUT = "2s"
LOCK_TRIES = 15
# What live processes do to a migration, and what passes by itself.
PASSING_TROUBLE = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)
NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")

CREATE_TABLE = """
create table schema_migrations (
    version integer primary key,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default now()
);
comment on table schema_migrations is
    'One row is one migration that was applied; 0 is the functions and views, with the views in order.';
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
    applied = []
    with _connected(url) as conn:
        _in_one_transaction(conn, partial(_make_table, conn), tell)
        for migration in migrations:
            if _in_one_transaction(conn, partial(_apply, conn, migration), tell):
                tell(f"applied {migration.name}")
                applied.append(migration.name)
        version = _version(conn)
        if version > migrations[-1].version:
            # Its views are of that release too: ours would take columns away from it.
            tell(
                f"the database is at migration {version}, newer than this release's {migrations[-1].version}"
            )
            return MigrationReport(applied, False, version)
        recreated = _in_one_transaction(conn, partial(_recreate_views, conn, folder), tell)
    return MigrationReport(applied, recreated, version)


def read_migrations(folder: Path = FOLDER) -> list[Migration]:
    """The files in order. Raises MigrationError for a wrong name, a gap or a number used twice."""
    migrations = []
    for path in sorted((folder / "migrations").glob("*.sql")):
        matched = NAME.fullmatch(path.name)
        if not matched:
            raise MigrationError(f"{path.name}: a migration is named like 0001_what_it_does.sql")
        migrations.append(Migration(int(matched[1]), path.name, path.read_text(encoding="utf-8")))
    numbers = [migration.version for migration in migrations]
    if not numbers or numbers != list(range(1, len(numbers) + 1)):
        raise MigrationError(
            f"the migrations in {folder.name}/ must be numbered from 1 without gaps: {numbers}"
        )
    return migrations


async def missing_migrations(conn: AsyncConnection, folder: Path = FOLDER) -> list[str]:
    """The names of the files that the database has not seen yet."""
    applied: set[int] = set()
    if await conn.scalar(text("select to_regclass('schema_migrations') is not null")):
        applied.update(await conn.scalars(text("select version from schema_migrations")))
    return [migration.name for migration in read_migrations(folder) if migration.version not in applied]


def _make_table(conn: Conn) -> None:
    if conn.execute("select to_regclass('schema_migrations')").fetchone() == (None,):
        conn.execute(CREATE_TABLE)


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
        # Known to all before the views are made: whoever comes after a killed process makes them.
        conn.execute("update schema_migrations set checksum = '' where version = 0")
        return True
    if row[0] != migration.checksum:
        raise MigrationError(
            f"{migration.name} was changed after it was applied: put it back, and write a new migration"
        )
    return False


def _version(conn: Conn) -> int:
    row = conn.execute("select max(version) from schema_migrations").fetchone()
    return cast(int, row[0]) if row else 0


def _recreate_views(conn: Conn, folder: Path) -> bool:
    """Replaces every function, drops and creates every view, in order of names, unless all is as it was."""
    functions, views = _texts(folder / "functions"), _texts(folder / "views")
    checksum = hashlib.sha256("\0".join([*functions.values(), *views.values()]).encode()).hexdigest()
    row = conn.execute("select name, checksum from schema_migrations where version = 0").fetchone()
    there, checksum_there = row or ("", "")
    if checksum == checksum_there:
        return False
    for name in reversed(list(dict.fromkeys([*str(there).split(), *views]))):
        conn.execute(sql.SQL("drop view if exists {}").format(sql.Identifier(name)))
    for name, statements in (*functions.items(), *views.items()):
        _execute_file(conn, f"{name}.sql", statements)
    conn.execute(
        "insert into schema_migrations (version, name, checksum) values (0, %s, %s) on conflict (version)"
        " do update set name = excluded.name, checksum = excluded.checksum, applied_at = now()",
        [" ".join(views), checksum],
    )
    return True


def _texts(folder: Path) -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.sql"))}


def _execute_file(conn: Conn, name: str, statements: str) -> None:
    try:
        conn.execute(statements)
    except PASSING_TROUBLE:
        raise
    except psycopg.Error as error:
        position = error.diag.statement_position
        line = statements.count("\n", 0, int(position)) + 1 if position else None
        place = f"{name}, line {line}" if line else name
        raise MigrationError(f"{place}: {error.diag.message_primary or error}") from error


def _in_one_transaction(conn: Conn, step: Callable[[], T], tell: Log) -> T:
    """Runs the step in its turn; gives way to who holds a table, and tries again."""
    for tries in range(1, LOCK_TRIES + 1):
        try:
            with conn.transaction():
                _wait_for_turn(conn, tell)
                return step()
        except PASSING_TROUBLE:
            tell(f"waiting for a lock ({tries} of {LOCK_TRIES})")
            time.sleep(random.uniform(0.05, 0.5))  # noqa: S311 - only spreads the tries
        except psycopg.Error as error:
            raise MigrationError(_one_line(error)) from error
    raise MigrationError("a lock was not to be had: another session holds a table; try again when it is done")


def _wait_for_turn(conn: Conn, tell: Log) -> None:
    """Takes the lock of those who migrate. It ends with the transaction, so a pooler cannot keep it."""
    if conn.execute("select pg_try_advisory_xact_lock(%s)", [LOCK]).fetchone() != (True,):
        tell("another process is migrating: waiting for it")
        conn.execute("select set_config('lock_timeout', %s, true)", [TURN_TIMEOUT])
        try:
            conn.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        except psycopg.errors.LockNotAvailable:
            raise MigrationError(f"another process has been migrating for {TURN_TIMEOUT}") from None
    conn.execute("select set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])


@contextmanager
def _connected(url: str) -> Iterator[Conn]:
    try:
        conn = psycopg.connect(_checked_conninfo(url), autocommit=True, prepare_threshold=None)
    except psycopg.OperationalError as error:
        # libpq names host and port, never the password.
        raise MigrationError(f"the database cannot be reached: {' '.join(str(error).split())}") from None
    with conn:
        if conn.info.server_version < OLDEST_SERVER:
            raise MigrationError("PostgreSQL 15 or newer is needed")
        yield conn


def _checked_conninfo(url: str) -> str:
    """What libpq understands. Its own complaints repeat the URL, and with it the password."""
    try:
        checked = conninfo(url, "migrate")
        host = str(conninfo_to_dict(checked).get("host", ""))
    except psycopg.Error:
        raise MigrationError(
            "the database URL is not like postgresql://user:password@host/database"
        ) from None
    if "@" in host:
        raise MigrationError("the database URL has more than one @: write one in a password as %40")
    return checked


def _one_line(error: psycopg.Error) -> str:
    return " ".join(str(error).split()) or type(error).__name__
