"""A web server for the tests that ask one, and retries that do not wait."""

from collections.abc import Iterator

import pytest
import stamina

from tests.providers.web import WebServer, running


@pytest.fixture
def web() -> Iterator[WebServer]:
    with running() as server:
        yield server


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=4):
        yield
