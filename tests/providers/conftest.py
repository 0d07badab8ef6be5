"""A web server for the tests that ask one, and retries that do not wait."""

from collections.abc import Iterator
from threading import Thread

import pytest
import stamina

from tests.providers.web import WebServer


@pytest.fixture
def web() -> Iterator[WebServer]:
    with WebServer() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=4):
        yield
