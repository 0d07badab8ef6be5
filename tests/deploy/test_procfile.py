"""The Procfile's processes, run for real by honcho."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from psycopg.conninfo import conninfo_to_dict

from cli.client import Api
from cli.failures import OutOfReach
from store.embedded_processes import free_port
from tests.deploy.commands import is_command
from tests.engine.worker import survivors

ROOT = Path(__file__).parents[2]
PROCFILE = ROOT / "Procfile"
LONGEST_WAIT = 60


def test_each_process_is_a_command() -> None:
    lines = dict(line.split(": ") for line in PROCFILE.read_text().splitlines())
    assert set(lines) == {"web", "worker"}
    assert all(is_command(command.split()) for command in lines.values())


@pytest.mark.timeout(180)
def test_the_processes_run_a_job_and_leave_nothing(empty_database_url: str, tmp_path: Path) -> None:
    port = free_port()
    with honcho(empty_database_url, port, tmp_path) as runner, Api(f"http://127.0.0.1:{port}") as api:
        wait_until_ready(api, runner)
        job = api.submit("cleanup", {"older_than_days": 1})
        family = psutil.Process(runner.pid).children(recursive=True)
        deadline = time.monotonic() + LONGEST_WAIT
        while not job.is_finished and time.monotonic() < deadline:
            job = next(iter(api.changes(job.id)))
        runner.send_signal(signal.SIGTERM)
        runner.wait(LONGEST_WAIT)
    assert job.status == "completed"
    assert len(family) >= 3
    assert survivors(family, seconds=10) == []


@contextmanager
def honcho(database_url: str, port: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`honcho start`, with the password beside the URL as in docker-compose.yml."""
    parts = conninfo_to_dict(database_url)
    process = subprocess.Popen(
        [sys.executable, "-m", "honcho", "start", "-f", PROCFILE, "-d", folder, "-p", str(port)],
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "DATABASE_URL": "postgresql://{user}@{host}:{port}/{dbname}".format(**parts),
            "PGPASSWORD": str(parts["password"]),
            "WORKER_PRELOAD": "",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(LONGEST_WAIT)


def wait_until_ready(api: Api, runner: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + LONGEST_WAIT
    while (reason := api.why_not_ready()) is not None:
        if runner.poll() is not None or time.monotonic() > deadline:
            raise OutOfReach(f"the Procfile's web process is not ready: {reason}")
        time.sleep(0.1)
