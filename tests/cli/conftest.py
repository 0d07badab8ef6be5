"""The API as a process of its own on the test database, and the command run in this one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from cli.main import main
from tests.cli.processes import web
from tests.engine.worker import worker


@dataclass(frozen=True)
class Ran:
    """What a command did: its exit code, and what it wrote where."""

    code: int
    out: str
    err: str


Command = Callable[..., Ran]


@pytest.fixture(scope="module")
def api_url(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with web(database_url, tmp_path_factory.mktemp("api") / "log") as url:
        yield url


@pytest.fixture
def matchday(
    api_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], clean_database: None
) -> Command:
    """Runs `matchday ...` against the API of this module, on empty tables."""
    monkeypatch.setenv("MATCHDAY_URL", api_url)

    def run(*arguments: object) -> Ran:
        code = main([str(argument) for argument in arguments])
        written = capsys.readouterr()
        return Ran(code, written.out, written.err)

    return run


@pytest.fixture
def one_worker(database_url: str, clean_database: None) -> Iterator[None]:
    with worker(database_url, handlers="handlers"):
        yield
