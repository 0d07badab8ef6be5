"""The application over a clean database, asked through its ASGI door or through a real server."""

import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from app.main import create_app
from config.settings import Settings
from tests.app.gate import Gate


@pytest.fixture
def settings(database_url: str, clean_database: None, tmp_path: Path) -> Settings:
    return Settings(_env_file=None, database_url=database_url, matchday_home=tmp_path)


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    return create_app(settings)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def gate(database_url: str) -> AsyncIterator[Gate]:
    """A way to the database that can be shut."""
    async with Gate(database_url) as gate:
        yield gate


@pytest.fixture
def server(app: FastAPI) -> Iterator[str]:
    """The address of a real server, for what the ASGI door cannot show: streams, chunks, disconnects."""
    with serving(app) as address:
        yield address


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the running application; an unexpected error is a 500, as it would be for anybody."""
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://matchday") as client,
    ):
        yield client


class _Server(uvicorn.Server):
    """Says when it has started."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.has_started = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.has_started.set()


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    server = _Server(uvicorn.Config(app, port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    assert server.has_started.wait(10)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
