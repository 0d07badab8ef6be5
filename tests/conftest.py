"""One PostgreSQL for the whole run, one database for each test worker, empty tables for each test."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncConnection

from store.database import Database
from store.embedded import throwaway_postgres
from store.migrations import migrate

SERVER = pytest.StashKey[ExitStack]()
# How the first process hands the server to the others; set it to test on a server of your own.
SERVER_URL = "TEST_DATABASE_URL"
TEMPLATE = "matchday_template"


def pytest_configure(config: pytest.Config) -> None:
    """The server is started before the test workers are, by the process that starts them."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    stack = config.stash[SERVER] = ExitStack()
    if SERVER_URL not in os.environ:
        server = stack.enter_context(throwaway_postgres({"max_connections": "300"}))
        os.environ[SERVER_URL] = server.url
        stack.callback(os.environ.pop, SERVER_URL)
    _recreate(os.environ[SERVER_URL], TEMPLATE)
    migrate(_database(os.environ[SERVER_URL], TEMPLATE))


def pytest_unconfigure(config: pytest.Config) -> None:
    if SERVER in config.stash:
        config.stash[SERVER].close()


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
    name = f"matchday_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    _recreate(server_url, name, TEMPLATE)
    yield _database(server_url, name)
    _drop(server_url, name)


@pytest.fixture
def empty_database_url(server_url: str) -> Iterator[str]:
    """A database without any table."""
    name = f"matchday_empty_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    _recreate(server_url, name)
    yield _database(server_url, name)
    _drop(server_url, name)


@pytest.fixture
def clean_database(database_url: str) -> None:
    """Every table empty, numbers starting at 1."""
    with psycopg.connect(database_url, autocommit=True) as conn:
        tables = conn.execute(
            "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
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


def _recreate(server: str, name: str, template: str = "template0") -> None:
    _drop(server, name)
    with psycopg.connect(server, autocommit=True) as conn:
        statement = sql.SQL("create database {} template {}")
        conn.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))


def _drop(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def _database(server: str, name: str) -> str:
    return f"{server.rsplit('/', 1)[0]}/{name}"
