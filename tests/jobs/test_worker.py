"""Real workers and real child processes: every way a run can go, and how a worker stops."""

import asyncio
import contextlib
import os
import signal
import sys
from dataclasses import dataclass

import psutil
import psycopg
import pytest

from jobs import service
from jobs.handler import Handler, JobParams
from store.database import Database
from store.jobs import JobRow
from tests.engine import (
    LoopHandler,
    ModeParams,
    NoopHandler,
    ProcessHandler,
    StubbornHandler,
    make_effects_table,
)
from tests.engine.worker import ROOT, empty_queue, has_ended, is_working, survivors, until, worker

CASES: dict[str, tuple[type[Handler[ModeParams]], ModeParams]] = {
    "loop ok": (LoopHandler, ModeParams()),
    "loop error": (LoopHandler, ModeParams(mode="error")),
    "loop transient": (LoopHandler, ModeParams(mode="transient")),
    "loop timeout": (LoopHandler, ModeParams(seconds=20)),
    "loop effect": (LoopHandler, ModeParams(mode="effect")),
    "loop leaves": (LoopHandler, ModeParams(mode="leave")),
    "loop cancels itself": (LoopHandler, ModeParams(mode="cancel itself")),
    "loop odd progress": (LoopHandler, ModeParams(mode="odd progress")),
    "loop escapes": (LoopHandler, ModeParams(mode="escapes")),
    "loop huge": (LoopHandler, ModeParams(mode="huge")),
    "child helper": (ProcessHandler, ModeParams(mode="leaves a helper")),
    "child ok": (ProcessHandler, ModeParams()),
    "child error": (ProcessHandler, ModeParams(mode="error")),
    "child exit": (ProcessHandler, ModeParams(mode="exit")),
    "child segfault": (ProcessHandler, ModeParams(mode="segfault")),
    "child memory": (ProcessHandler, ModeParams(mode="memory")),
    "child timeout": (ProcessHandler, ModeParams(mode="blocked", seconds=60)),
    "child effect": (ProcessHandler, ModeParams(mode="effect")),
}


@dataclass(frozen=True)
class Ended:
    jobs: dict[str, JobRow]
    runs: dict[str, list[tuple[str, str | None]]]
    effects: dict[int, list[int]]


@pytest.fixture(scope="module")
def ended(database_url: str) -> Ended:
    """All cases run at once by one worker: what each does must not hurt the others."""
    empty_queue(database_url)
    with worker(database_url, "--concurrency", "20", "--processes", "8"):
        return asyncio.run(_run_cases(database_url))


async def _run_cases(url: str) -> Ended:
    database = Database(url, process="test")
    await make_effects_table(database)
    async with database.transaction() as conn:
        ids = {name: await service.submit(conn, *case) for name, case in CASES.items()}
    jobs = {name: await until(database, job_id, has_ended) for name, job_id in ids.items()}
    await database.close()
    with psycopg.connect(url) as plain:
        runs = plain.execute("select job_id, outcome, trace from job_runs order by attempt").fetchall()
        effects = plain.execute("select job_id, attempt from test_effects").fetchall()
    return Ended(
        jobs,
        {name: [(run[1], run[2]) for run in runs if run[0] == job_id] for name, job_id in ids.items()},
        {job_id: [effect[1] for effect in effects if effect[0] == job_id] for job_id in ids.values()},
    )


@pytest.mark.parametrize("name", ["loop ok", "child ok"])
def test_a_job_completes_with_its_result(ended: Ended, name: str) -> None:
    job = ended.jobs[name]
    assert (job.status, job.progress, job.error) == ("completed", 1, None)
    assert isinstance(job.result["value"], str if name == "loop ok" else int)
    assert job.started_at is not None
    assert job.finished_at is not None
    assert job.created_at <= job.started_at <= job.finished_at


@pytest.mark.parametrize(
    ("name", "kind", "error"),
    [
        ("loop error", "error", "ValueError: bad \ufffd data"),
        ("loop timeout", "timeout", "ran longer than its limit of 1 seconds"),
        ("loop leaves", "error", "SystemExit: bye"),
        ("loop cancels itself", "error", "CancelledError"),
        ("loop huge", "error", "ValueError: the result has 1,000,014 characters"),
        ("child helper", "crash", "the process exited with code 4 without a result"),
        ("child error", "error", "ValueError: bad data"),
        ("child exit", "crash", "the process exited with code 3 without a result"),
        ("child segfault", "crash", "the process was killed by SIGSEGV"),
        ("child memory", "memory", "used more memory than its limit of 200 MB"),
        ("child timeout", "timeout", "ran longer than its limit of 3 seconds"),
    ],
)
def test_a_bad_end_fails_its_job_with_a_clear_error(ended: Ended, name: str, kind: str, error: str) -> None:
    job = ended.jobs[name]
    assert (job.status, job.error_kind) == ("failed", kind)
    assert job.error is not None
    assert job.error.startswith(error)
    assert len(ended.runs[name]) == 1


def test_what_postgresql_cannot_hold_is_replaced_not_refused(ended: Ended) -> None:
    assert ended.jobs["loop escapes"].result == {"value": "C:\\u0000 and \ufffd"}
    assert ended.jobs["loop odd progress"].status == "completed"


def test_a_transient_error_is_tried_as_often_as_the_handler_says(ended: Ended) -> None:
    assert (ended.jobs["loop transient"].status, ended.jobs["loop transient"].attempt) == ("failed", 3)
    assert [outcome for outcome, _ in ended.runs["loop transient"]] == ["failed"] * 3


@pytest.mark.parametrize("name", ["loop error", "child error"])
def test_the_trace_is_kept_for_the_operator(ended: Ended, name: str) -> None:
    ((_, trace),) = ended.runs[name]
    assert trace is not None
    assert "tests/engine/__init__.py" in trace


@pytest.mark.parametrize("name", ["loop effect", "child effect"])
def test_the_attempt_that_holds_the_job_may_write(ended: Ended, name: str) -> None:
    assert ended.effects[ended.jobs[name].id] == [1]


def test_a_deadline_is_kept_to_the_second(ended: Ended) -> None:
    job = ended.jobs["child timeout"]
    assert job.started_at is not None
    assert job.finished_at is not None
    assert 3 <= (job.finished_at - job.started_at).total_seconds() < 5


@pytest.mark.anyio
@pytest.mark.parametrize("handler", [LoopHandler, ProcessHandler])
async def test_a_running_job_is_cancelled(database: Database, handler: type[Handler[ModeParams]]) -> None:
    with worker(database.url):
        async with database.transaction() as conn:
            job_id = await service.submit(conn, handler, ModeParams(mode="blocked", seconds=0.9))
        job = await until(database, job_id, is_working)
        async with database.transaction() as conn:
            await service.cancel(conn, job_id)
        ended = await until(database, job_id, has_ended)
        assert (ended.status, ended.error, ended.cancel_requested) == ("cancelled", None, False)
        if handler is ProcessHandler:
            assert not psutil.pid_exists(int(job.message.removeprefix("pid ")))


@pytest.mark.anyio
async def test_a_stopping_worker_lets_short_jobs_end_and_hands_long_ones_back(database: Database) -> None:
    with worker(database.url, "--grace", "0.7") as process:
        async with database.transaction() as conn:
            short = await service.submit(conn, LoopHandler, ModeParams(seconds=0.5))
            long = await service.submit(conn, ProcessHandler, ModeParams(mode="blocked", seconds=2.5))
        await until(database, long, is_working)
        await until(database, short, lambda job: job.status != "pending")
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 10) == 0
    async with database.transaction() as conn:
        late = await service.submit(conn, NoopHandler, JobParams())
    assert (await until(database, short, has_ended)).status == "completed"
    assert (await until(database, late, lambda _: True)).status == "pending"
    assert (await until(database, long, lambda _: True)).status == "pending"
    with worker(database.url, "--until-idle"):
        again = await until(database, long, has_ended)
    assert (again.status, again.attempt) == ("completed", 2)
    with psycopg.connect(database.url) as conn:
        outcomes = conn.execute(
            "select outcome from job_runs where job_id = %s order by attempt", [long]
        ).fetchall()
    assert outcomes == [("interrupted",), ("completed",)]


@pytest.mark.anyio
async def test_a_child_dies_with_its_killed_worker(database: Database) -> None:
    with worker(database.url) as process:
        async with database.transaction() as conn:
            job_id = await service.submit(conn, ProcessHandler, ModeParams(mode="blocked", seconds=2.9))
        job = await until(database, job_id, is_working)
        family = psutil.Process(process.pid).children(recursive=True)
        assert int(job.message.removeprefix("pid ")) in {member.pid for member in family}
        os.kill(process.pid, signal.SIGKILL)
        assert not await asyncio.to_thread(survivors, family, 2)


@pytest.mark.anyio
async def test_a_job_type_nobody_knows_goes_back_and_says_so(database: Database) -> None:
    with psycopg.connect(database.url, autocommit=True) as conn:
        row = conn.execute(
            "insert into procrastinate_jobs (queue_name, task_name, args)"
            " values ('default', 'unheard_of', '{\"params\": {}, \"meta\": {}}') returning id"
        ).fetchone()
    assert row is not None
    with worker(database.url, "--until-idle"):
        job = await until(database, row[0], lambda job: job.attempt == 1 and job.status == "pending")
    assert job.message == "no handler for unheard_of in this worker"
    assert job.run_after is not None
    assert job.run_after > job.created_at


@pytest.mark.anyio
async def test_jobs_cancelled_as_they_start_are_cancelled(database: Database) -> None:
    """However far a start has come when the cancel arrives."""
    with worker(database.url, "--concurrency", "40"):
        async with database.transaction() as conn:
            ids = [await service.submit(conn, LoopHandler, ModeParams(seconds=0.9)) for _ in range(60)]
        for job_id in ids:
            await until(database, job_id, lambda job: job.status != "pending")
            async with database.transaction() as conn:
                with contextlib.suppress(service.WrongStatus):
                    await service.cancel(conn, job_id)
        jobs = [await until(database, job_id, has_ended) for job_id in ids]
    assert {(job.status, job.error) for job in jobs} <= {("cancelled", None), ("completed", None)}


@pytest.mark.anyio
async def test_a_worker_on_an_empty_database_says_what_to_do(empty_database_url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "jobs.worker", "--handlers", "tests.engine",
        env={**os.environ, "DATABASE_URL": empty_database_url, "WORKER_PRELOAD": ""},
        cwd=ROOT, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 2
    assert "run `matchday migrate` first" in said.decode().splitlines()[-1]


@pytest.mark.anyio
async def test_a_worker_whose_connections_are_cut_goes_on(database: Database) -> None:
    with worker(database.url):
        async with database.transaction() as conn:
            job_id = await service.submit(conn, ProcessHandler, ModeParams(mode="blocked", seconds=1))
        await until(database, job_id, is_working)
        with psycopg.connect(database.url, autocommit=True) as plain:
            plain.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and application_name = 'matchday worker'"
            )
        job = await until(database, job_id, has_ended)
        async with database.transaction() as conn:
            after = await service.submit(conn, NoopHandler, JobParams())
        assert (await until(database, after, has_ended)).status == "completed"
    assert job.status == "completed"


@pytest.mark.anyio
async def test_a_worker_that_lost_its_jobs_and_cannot_stop_them_ends_itself(database: Database) -> None:
    with worker(database.url) as process:
        async with database.transaction() as conn:
            job_id = await service.submit(conn, StubbornHandler, JobParams())
        await until(database, job_id, is_working)
        with psycopg.connect(database.url, autocommit=True) as plain:
            plain.execute("delete from procrastinate_workers")  # declared dead
        assert await asyncio.to_thread(process.wait, 15) == 1
    with worker(database.url, "--until-idle"):
        job = await until(database, job_id, has_ended)
    assert (job.status, job.attempt) == ("completed", 2)
