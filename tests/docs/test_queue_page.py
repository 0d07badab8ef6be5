"""docs/queue.md: its tests exist, its Python runs, its requests are answered. tests/cli has its commands."""

import ast
import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel
from sqlalchemy import text

from app.main import create_app
from config.settings import Settings
from jobs.handler import HANDLERS, Handler, Job, JobParams, Limit, Retry, Snooze
from jobs.limits import block_limit
from jobs.service import submit, submit_many
from jobs.testing import drain, run_inline
from store.database import Database
from store.jobs import JobFilter, list_jobs
from tests.app.conftest import client_of

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "queue.md").read_text()
ROWS = re.findall(r"^\|(?! feature|-)(.+)\|$", PAGE, re.MULTILINE)
# What a reader has imported.
NAMES: dict[str, Any] = {
    "__name__": "docs_queue_page",
    "BaseModel": BaseModel,
    "Handler": Handler,
    "Job": Job,
    "JobParams": JobParams,
    "Limit": Limit,
    "Retry": Retry,
    "Snooze": Snooze,
    "UTC": UTC,
    "block_limit": block_limit,
    "datetime": datetime,
    "drain": drain,
    "run_inline": run_inline,
    "submit": submit,
    "submit_many": submit_many,
    "text": text,
    "timedelta": timedelta,
}


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(_env_file=None, database_url=database_url, matchday_home=tmp_path, worker_preload="")


@pytest.fixture
def job_types_of_the_page() -> Iterator[None]:
    yield
    for job_type in [name for name in HANDLERS if name.startswith("docs_")]:
        del HANDLERS[job_type]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[0].strip())
def test_each_feature_names_a_test_that_exists(row: str) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
    assert named
    for file, test in named:
        source = (ROOT / file).read_text()
        assert re.search(rf"^(async )?def {test}\(", source, re.MULTILINE)


async def test_the_python_of_the_page_runs(
    database: Database, settings: Settings, job_types_of_the_page: None
) -> None:
    names = {**NAMES, "database": database, "settings": settings}
    for block in blocks("python"):
        await run(block, names)
    async with database.read() as conn:
        jobs = await list_jobs(conn, JobFilter())
    statuses = sorted((job.job_type, job.status) for job in jobs)
    assert statuses == [("docs_train", "completed")] * 5 + [("docs_train", "pending")]

    async with database.transaction() as conn:
        await submit(conn, names["OddsHandler"], JobParams())
    await drain(database, settings)
    async with database.read() as conn:
        [snoozed] = await list_jobs(conn, JobFilter(job_type="docs_odds"))
    assert (snoozed.status, snoozed.attempt) == ("pending", 1)


async def run(block: str, names: dict[str, Any]) -> None:
    """The block as the body of a coroutine function whose names stay."""
    code = compile(block, "docs/queue.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert isinstance(code, CodeType)
    awaited = FunctionType(code, names)()
    if awaited is not None:
        await awaited


async def test_the_requests_of_the_page_are_answered(database: Database, settings: Settings) -> None:
    requests = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("curl")]
    async with client_of(create_app(settings)) as client:
        for line in requests:
            answer = await client.send(request_of(line, client))
            assert answer.status_code < 300, (line, answer.text)
    assert len(requests) == 10


def request_of(line: str, client: httpx2.AsyncClient) -> httpx2.Request:
    words = iter(shlex.split(line)[1:])
    url, method, headers, body = "", "GET", {}, None
    for word in words:
        match word:
            case "-X":
                method = next(words)
            case "-H":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            case "-d":
                method, body = "POST", next(words).encode()
            case _:
                url = word.removeprefix("http://127.0.0.1:8000")
    return client.build_request(method, url, headers=headers, content=body)
