"""`matchday serve`: everything up, everything down."""

import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from cli.client import Api
from tests.cli.processes import LONGEST_WAIT, start, wait_until
from tests.engine.worker import survivors

ADDRESS = re.compile(r"matchday serves at (http://\S+)")


@contextmanager
def serve(log: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str, list[psutil.Process]]]:
    """The process, its address, and every process below it."""
    process = start("cli.main", "serve", log=log, API_PORT="0", **environment)
    try:
        wait_until(lambda: ADDRESS.search(log.read_text()) is not None, process)
        address = ADDRESS.search(log.read_text())
        assert address is not None
        yield process, address[1], psutil.Process(process.pid).children(recursive=True)
    finally:
        process.kill()
        with process:
            process.wait(LONGEST_WAIT)


def is_worker(process: psutil.Process) -> bool:
    return "jobs.worker" in process.cmdline()


@pytest.mark.usefixtures("clean_database")
def test_ctrl_c_stops_every_process(database_url: str, tmp_path: Path) -> None:
    with serve(tmp_path / "log", DATABASE_URL=database_url) as (process, url, family):
        with Api(url) as api:
            assert api.jobs().items == []
        process.send_signal(signal.SIGINT)
        assert process.wait(LONGEST_WAIT) == 0
        assert survivors(family, seconds=0) == []
    assert any(line.startswith("stopped") for line in (tmp_path / "log").read_text().splitlines())


def test_the_embedded_server_keeps_its_data(tmp_path: Path) -> None:
    home = {"DATABASE_URL": "", "DATABASE_URL_DIRECT": "", "MATCHDAY_HOME": str(tmp_path / "home")}
    with serve(tmp_path / "first", **home) as (process, url, family):
        with Api(url) as api:
            job_id = api.submit("cleanup", {}, run_after="2100-01-01T00:00:00Z").id
        process.terminate()
        assert process.wait(LONGEST_WAIT) == 0
        assert survivors(family, seconds=0) == []
    with serve(tmp_path / "second", **home) as (process, url, family), Api(url) as api:
        assert api.job(job_id).status == "pending"
        process.kill()
        process.wait(LONGEST_WAIT)
        assert survivors(family, seconds=10) == []


@pytest.mark.usefixtures("clean_database")
def test_a_worker_that_dies_ends_the_rest(database_url: str, tmp_path: Path) -> None:
    with serve(tmp_path / "log", DATABASE_URL=database_url) as (process, _, family):
        next(filter(is_worker, family)).kill()
        assert process.wait(LONGEST_WAIT) == 1
        assert survivors(family, seconds=10) == []
    assert "matchday: the worker has ended with SIGKILL" in (tmp_path / "log").read_text()


def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = start(
            "cli.main", "serve", log=tmp_path / "log", API_PORT=port, MATCHDAY_HOME=str(tmp_path / "home")
        )
        assert process.wait(LONGEST_WAIT) == 1
        process.communicate()
    told = (tmp_path / "log").read_text()
    assert told.startswith(f"matchday: cannot listen on 127.0.0.1:{port}: Address already in use")
    assert not (tmp_path / "home").exists()
