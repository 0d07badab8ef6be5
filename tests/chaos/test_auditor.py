"""The auditor can fail: each kind of damage, done to the tables of an honest run, is found."""

from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import pytest

from tests.chaos import evidence
from tests.chaos.auditor import DOUBLED, LOST, Finding, audit
from tests.chaos.handlers import LoopHandler, Params, ProcessHandler
from tests.chaos.stage import Stage

JOBS = 3
DAMAGE: dict[str, tuple[LiteralString, str, str]] = {
    "lost job": ("delete from procrastinate_jobs where id = 1", LOST, "is gone"),
    "stuck job": (
        "update procrastinate_jobs set status = 'doing' where id = 1",
        LOST,
        "is still running",
    ),
    "failed job": ("update procrastinate_jobs set status = 'failed' where id = 1", LOST, "is failed"),
    "lost result": ("update job_runs set result = null where job_id = 1", LOST, "without its result"),
    "lost effect": ("delete from chaos_effects where job_id = 1", LOST, "its effect is missing"),
    "open run": (
        "update job_runs set finished_at = null, outcome = null where job_id = 1",
        LOST,
        "have no end",
    ),
    "doubled effect": (
        "insert into chaos_effects select * from chaos_effects where job_id = 1",
        DOUBLED,
        "has 2 effects",
    ),
    "overlapping runs": (
        "insert into chaos_events select job_id, attempt + 1, what, pid + 1, at + interval '0.1 s', detail"
        " from chaos_events where job_id = 1",
        DOUBLED,
        "ran twice at once",
    ),
    "a killed run that went on": (
        "with alive as (delete from chaos_deaths),"
        " gone as (delete from chaos_events where job_id = 1 and what = 'end' returning *)"
        " insert into chaos_events select job_id, attempt + 1, 'begin', pid + 1, at + interval '1 ms', detail"
        " from gone",
        DOUBLED,
        "ran twice at once",
    ),
    "completed job run again": (
        "insert into chaos_events select job_id, attempt + 1, what, pid, at + interval '1 h', detail"
        " from chaos_events where job_id = 1",
        DOUBLED,
        "after it had completed",
    ),
    "an attempt begun twice": (
        "insert into chaos_events select job_id, attempt, what, pid, at + interval '1 h', detail"
        " from chaos_events where job_id = 1",
        DOUBLED,
        "began attempt 1 after attempt 1",
    ),
    "effect of a lost attempt": (
        "insert into chaos_events select job_id, attempt + 1, 'begin', pid, at - interval '1 ms', ''"
        " from (select job_id, attempt, pid, at from chaos_effects where job_id = 1) e",
        DOUBLED,
        "write after a later one had begun",
    ),
    "result of another attempt": (
        'update job_runs set result = \'{"attempt": 2, "pid": 1}\' where job_id = 1',
        DOUBLED,
        "has the result of attempt 2",
    ),
}


@pytest.fixture(scope="module")
def honest(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[evidence.Conn]:
    """A connection to the tables that a few honest jobs left."""
    place = Stage(database_url, Path(tmp_path_factory.mktemp("chaos")))
    with place.connect() as conn:
        conn.execute(
            "truncate procrastinate_jobs, job_runs, chaos_submitted, chaos_effects restart identity cascade"
        )
    try:
        place.worker()
        place.submit(LoopHandler, Params(seconds=0.2), Params(seconds=0.2))
        place.submit(ProcessHandler, Params(seconds=0.2))
        place.settle()
        for worker in place.workers:
            worker.clear_away()
        place.audit()
        with place.connect() as conn:
            yield conn
    finally:
        place.close()
        with place.connect() as conn:
            evidence.drop_tables(conn)


def test_an_honest_run_is_found_honest(honest: evidence.Conn) -> None:
    gathered = evidence.gather(honest)
    assert (len(gathered.jobs), len(gathered.expected)) == (JOBS, JOBS)
    assert audit(gathered) == []


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_found(honest: evidence.Conn, name: str) -> None:
    damage, kind, text = DAMAGE[name]
    found = _audit_after(honest, damage)
    assert any(finding.kind == kind and text in finding.text for finding in found), found
    assert {finding.job_id for finding in found} == {1}


def test_a_deleted_job_is_no_loss_where_a_clean_up_was_at_work(honest: evidence.Conn) -> None:
    assert _audit_after(honest, "delete from procrastinate_jobs where id = 1", cleaned=True) == []


def test_a_run_that_ended_with_its_process_overlaps_nothing(honest: evidence.Conn) -> None:
    damage, _, _ = DAMAGE["a killed run that went on"]
    died = (
        "; insert into chaos_deaths select pid, min(at) + interval '0.1 s' from chaos_events"
        " where job_id = 1 and attempt = 1 group by pid on conflict (pid) do update set at = excluded.at"
    )
    found = _audit_after(honest, damage + died)
    assert not any("twice at once" in finding.text for finding in found), found


def _audit_after(conn: evidence.Conn, damage: LiteralString, *, cleaned: bool = False) -> list[Finding]:
    with conn.transaction(force_rollback=True):
        conn.execute(damage)
        return audit(evidence.gather(conn), cleaned=cleaned)
