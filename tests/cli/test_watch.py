"""`matchday jobs watch` while the world changes around it."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from cli.client import Api
from store.embedded_processes import free_port
from tests.cli.processes import LONGEST_WAIT, start, wait_until, web
from tests.engine.worker import worker

pytestmark = pytest.mark.usefixtures("clean_database")


def watching(url: str, log: Path) -> subprocess.Popen[str]:
    """`watch` of a job that waits, once it is seen to follow it."""
    with Api(url) as api:
        job_id = api.submit("cleanup", {}).id
    process = start("cli.main", "jobs", "watch", str(job_id), "--url", url, "--json", log=log)
    wait_until(lambda: "waiting for a worker" in log.read_text(), process)
    return process


def test_it_goes_on_after_the_api_was_restarted(database_url: str, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    with web(database_url, tmp_path / "first", port) as url:
        process = watching(url, log)
    wait_until(lambda: "trying again" in log.read_text(), process)
    with web(database_url, tmp_path / "second", port), worker(database_url, handlers="handlers"):
        told, _ = process.communicate(timeout=LONGEST_WAIT)
    assert process.returncode == 0
    assert json.loads(told)["status"] == "completed"


def test_ctrl_c_ends_it_with_130_and_leaves_the_job_alone(api_url: str, tmp_path: Path) -> None:
    process = watching(api_url, tmp_path / "log")
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=LONGEST_WAIT)
    with Api(api_url) as api:
        assert api.job(1).status == "pending"
    assert (process.returncode, told) == (130, "")
    assert "Traceback" not in (tmp_path / "log").read_text()
