"""The attempts of a job over HTTP."""

import httpx2
import pytest
from sqlalchemy import text

from config.settings import Settings
from jobs import service
from jobs.handler import Handler, Job, JobParams
from jobs.testing import drain
from store.database import Database
from tests.engine import LoopHandler, ModeParams

pytestmark = pytest.mark.anyio


class WrongStatementHandler(Handler[JobParams]):
    job_type = "test_wrong_statement"

    async def run(self, params: JobParams, job: Job) -> None:
        async with job.transaction() as conn:
            await conn.execute(text("select :token from no_such_table"), {"token": "hunter" + "2"})


async def test_each_attempt_is_shown_with_its_error_and_trace(
    client: httpx2.AsyncClient, database: Database, settings: Settings
) -> None:
    async with database.transaction() as conn:
        job_id = await service.submit(conn, LoopHandler, ModeParams(mode="transient"))
    await drain(database, settings)
    attempts = (await client.get(f"/api/jobs/{job_id}/attempts")).json()["items"]
    assert [(one["attempt"], one["outcome"]) for one in attempts] == [(n, "failed") for n in (1, 2, 3)]
    assert attempts[0]["error"] == {"kind": "error", "message": "Transient: try later"}
    assert 'raise Transient("try later")' in attempts[0]["trace"]
    assert (attempts[0]["step"], attempts[0]["progress"]) == ("work", 0.25)
    assert attempts[0]["seconds"] >= 0
    assert attempts[0]["worker"]


async def test_no_value_of_a_statement_that_failed_is_shown(
    client: httpx2.AsyncClient, database: Database, settings: Settings
) -> None:
    async with database.transaction() as conn:
        job_id = await service.submit(conn, WrongStatementHandler, JobParams())
    await drain(database, settings)
    answer = await client.get(f"/api/jobs/{job_id}/attempts")
    assert "ProgrammingError" in answer.json()["items"][0]["error"]["message"]
    assert "hunter2" not in answer.text


async def test_an_attempt_that_is_under_way_has_no_outcome(
    client: httpx2.AsyncClient, database: Database
) -> None:
    async with database.transaction() as conn:
        job_id = await service.submit(conn, LoopHandler, ModeParams())
        await conn.execute(
            text("insert into job_runs (job_id, attempt, worker, started_at) values (:id, 1, 'w', now())"),
            {"id": job_id},
        )
    [attempt] = (await client.get(f"/api/jobs/{job_id}/attempts")).json()["items"]
    assert (attempt["outcome"], attempt["finished_at"], attempt["seconds"], attempt["error"]) == (None,) * 4


async def test_a_job_that_never_ran_has_none_and_an_unknown_one_is_not_found(
    client: httpx2.AsyncClient, database: Database
) -> None:
    async with database.transaction() as conn:
        job_id = await service.submit(conn, LoopHandler, ModeParams())
    assert (await client.get(f"/api/jobs/{job_id}/attempts")).json() == {"items": []}
    unknown = await client.get(f"/api/jobs/{job_id + 1}/attempts")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/job-not-found")
