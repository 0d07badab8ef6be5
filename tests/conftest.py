"""One PostgreSQL for the whole run, one database for each test worker, empty tables for each test."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.util import Finalize

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from store.database import Database
from store.embedded import throwaway_postgres
from store.migrations import migrate

CLEANUP = pytest.StashKey[ExitStack]()
# How the first process hands the server to the others; set it to test on a server of your own.
SERVER_URL = "TEST_DATABASE_URL"
# A name of this run's own: several runs may share a server.
TEMPLATE = "TEST_DATABASE_TEMPLATE"

# A busy machine is no fault of the code; every test has its timeout.
settings.register_profile("matchday", deadline=None)
settings.load_profile("matchday")


def pytest_configure(config: pytest.Config) -> None:
    """The server is started before the test workers are, by the process that starts them."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    stack = config.stash[CLEANUP] = ExitStack()
    stack.enter_context(_temporary_folder())
    if SERVER_URL not in os.environ:
        server = stack.enter_context(throwaway_postgres({"max_connections": "300"}))
        stack.enter_context(_environment(SERVER_URL, server.url))
    stack.enter_context(_environment(TEMPLATE, f"matchday_test_{os.getpid()}"))
    stack.enter_context(new_database(os.environ[SERVER_URL], os.environ[TEMPLATE]))
    migrate(_database(os.environ[SERVER_URL], os.environ[TEMPLATE]))


def pytest_unconfigure(config: pytest.Config) -> None:
    if CLEANUP in config.stash:
        config.stash[CLEANUP].close()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def server_url() -> str:
    """The server's own database, for tests that make databases."""
    return os.environ[SERVER_URL]


@pytest.fixture(scope="session")
def database_url(server_url: str) -> Iterator[str]:
    """A migrated database of this test worker's own."""
    template = os.environ[TEMPLATE]
    with new_database(server_url, f"{template}_{this_worker()}", template) as url:
        yield url


@pytest.fixture
def empty_database_url(server_url: str) -> Iterator[str]:
    """A database without any table."""
    with new_database(server_url, f"{os.environ[TEMPLATE]}_{this_worker()}_empty") as url:
        yield url


@pytest.fixture
def clean_database(database_url: str) -> None:
    """Every table empty, numbers starting at 1."""
    with psycopg.connect(database_url, autocommit=True) as conn:
        tables = conn.execute(
            "select relname from pg_class"
            " where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
            " and relname <> 'schema_migrations'"
        ).fetchall()
        names = sql.SQL(", ").join(sql.Identifier(name) for (name,) in tables)
        conn.execute(sql.SQL("truncate {} restart identity cascade").format(names))


@pytest.fixture
async def database(database_url: str, clean_database: None) -> AsyncIterator[Database]:
    opened = Database(database_url, process="test")
    yield opened
    await opened.close()


@pytest.fixture
async def conn(database: Database) -> AsyncIterator[AsyncConnection]:
    """A transaction that is rolled back after the test."""
    async with database.read() as connection:
        yield connection


@contextmanager
def _temporary_folder() -> Iterator[None]:
    """Where this run and its child processes put what they leave; gone at the end, with all that is in it."""
    folder = tempfile.mkdtemp(prefix="matchday-tests-")
    os.chmod(folder, 0o755)  # noqa: S103 - as root, the server's user passes through
    try:
        with _environment("TMPDIR", folder):
            tempfile.tempdir = None  # looked up anew
            yield
    finally:
        tempfile.tempdir = None
        # After the folder that multiprocessing has made in it, and deletes itself at exit (priority -100).
        Finalize(None, shutil.rmtree, [folder], {"ignore_errors": True}, exitpriority=-200)


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """Child processes and test workers inherit it."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


@contextmanager
def new_database(server: str, name: str, template: str = "template0") -> Iterator[str]:
    """A database for as long as it is needed, a copy of the template."""
    drop = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
    create = sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template))
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(drop)
        conn.execute(create)
    try:
        yield _database(server, name)
    finally:
        with psycopg.connect(server, autocommit=True) as conn:
            conn.execute(drop)


def _database(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def this_worker() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "main")
