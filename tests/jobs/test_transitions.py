"""The life of a job as a state machine: the database against a plain model of it."""

import os
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

EXAMPLES = "TRANSITION_EXAMPLES"
FINAL = {"completed", "failed", "cancelled"}


@dataclass
class Expected:
    """What the model knows of one job."""

    status: str = "pending"
    attempts: int = 0  # attempts that have ended
    cancel_requested: bool = False
    failures: int = 0  # since it was added or tried again by a user
    losses: int = 0  # of its worker, since then
    is_delayed: bool = False
    outcomes: list[str] = field(default_factory=list)

    def end(self, outcome: str, status: str) -> None:
        self.status, self.attempts, self.cancel_requested = status, self.attempts + 1, False
        self.outcomes.append(outcome)


def machine(conn: psycopg.Connection[tuple[Any, ...]]) -> type[RuleBasedStateMachine]:
    class JobLife(RuleBasedStateMachine):
        jobs = Bundle("jobs")

        def __init__(self) -> None:
            super().__init__()
            conn.execute("truncate procrastinate_jobs, job_runs, queues")
            self.is_paused = False
            self.expected: dict[int, Expected] = {}

        def ask(self, statement: str, *values: object) -> object:
            row = conn.execute(statement, values).fetchone()
            return row[0] if row else None

        @rule(target=jobs)
        def enqueue(self) -> int:
            job_id = self.ask(
                "insert into procrastinate_jobs (queue_name, task_name) values ('q', 't') returning id"
            )
            assert isinstance(job_id, int)
            self.expected[job_id] = Expected()
            return job_id

        @rule()
        def fetch(self) -> None:
            job_id = self.ask("select id from fetch_jobs(null, null, null, null, 1)")
            ready = (i for i, job in self.expected.items() if job.status == "pending" and not job.is_delayed)
            assert job_id == (None if self.is_paused else min(ready, default=None))
            if isinstance(job_id, int):
                job = self.expected[job_id]
                job.status = "running"
                failures = self.ask("select failures from procrastinate_jobs where id = %s", job_id)
                assert failures == job.failures

        @rule(
            job_id=jobs,
            outcome=st.sampled_from(
                ["completed", "failed", "cancelled", "interrupted", "snoozed", "released"]
            ),
            comes_back=st.sampled_from([None, 0, 30]),
            late=st.integers(min_value=0, max_value=2),
        )
        def end(self, job_id: int, outcome: str, comes_back: int | None, late: int) -> None:
            """An attempt ends, the current one or (late > 0) one that lost the job meanwhile."""
            job = self.expected[job_id]
            attempt = job.attempts + 1 - late
            if outcome in ("completed", "cancelled"):
                comes_back = None
            elif outcome == "released":
                comes_back = 0
            elif outcome in ("interrupted", "snoozed"):
                comes_back = comes_back or 0
            status = self.ask(
                "select end_run(%s, %s, 'w', %s, %s, null, %s, %s, null, null, null, null)",
                job_id,
                attempt,
                outcome,
                comes_back,
                "error" if outcome == "failed" else None,
                "bad" if outcome == "failed" else None,
            )
            if job.status != "running" or late:
                assert status is None
                return
            if comes_back is not None and job.cancel_requested:
                outcome, comes_back = "cancelled", None
            if outcome == "released":  # taken and not begun: as if it had never been taken
                job.status = "pending"
            else:
                job.end(outcome, "pending" if comes_back is not None else outcome)
            job.is_delayed = bool(comes_back)
            job.failures += outcome == "failed"
            assert status == job.status

        @rule()
        def rescue(self) -> None:
            """The worker of all that runs is gone. A job that lost its third is not run again."""
            running = {i: job for i, job in self.expected.items() if job.status == "running"}
            rescued = dict(conn.execute("select * from rescue_jobs()").fetchall())
            for job in running.values():
                if job.cancel_requested:
                    job.end("cancelled", "cancelled")
                    continue
                job.is_delayed = job.losses == 1
                job.losses += 1
                job.end("lost", "pending" if job.losses < 3 else "failed")
            assert rescued == {i: job.status for i, job in running.items()}

        @rule()
        def let_time_pass(self) -> None:
            conn.execute("update jobs_active set scheduled_at = now() where waits_for = 'time'")
            conn.execute("select ready_due_jobs(1)")
            for job in self.expected.values():
                job.is_delayed = False

        @rule(is_paused=st.booleans())
        def pause(self, is_paused: bool) -> None:
            conn.execute(
                "insert into queues values ('q', case when %s then now() end, 'somebody')"
                " on conflict (name) do update set paused_at = excluded.paused_at",
                [is_paused],
            )
            self.is_paused = is_paused

        @rule(job_id=jobs)
        def cancel(self, job_id: int) -> None:
            job = self.expected[job_id]
            done = self.ask("select procrastinate_cancel_job_v1(%s, true, false)", job_id)
            assert (done is None) == (job.status in FINAL)
            if job.status == "pending":
                job.status = "cancelled"
            elif job.status == "running":
                job.cancel_requested = True

        @rule(job_id=jobs)
        def retry(self, job_id: int) -> None:
            job = self.expected[job_id]
            assert self.ask("select retry_job(%s)", job_id) == (job.status in ("failed", "cancelled"))
            if job.status in ("failed", "cancelled"):
                job.status, job.failures, job.losses, job.is_delayed = "pending", 0, 0, False

        @rule(job_id=jobs)
        def hold(self, job_id: int) -> None:
            """job.transaction(): only the attempt that holds the job may write."""
            job = self.expected[job_id]
            held = self.ask(
                "select abort_requested from procrastinate_jobs"
                " where id = %s and status = 'doing' and attempts = %s - 1 for share",
                job_id,
                job.attempts + 1,
            )
            assert held == (job.cancel_requested if job.status == "running" else None)

        @invariant()
        def database_agrees(self) -> None:
            rows = conn.execute("select id, status, cancel_requested from job_queue").fetchall()
            assert {row[0]: (row[1], row[2]) for row in rows} == {
                i: (job.status, job.cancel_requested) for i, job in self.expected.items()
            }

        @invariant()
        def every_attempt_that_ended_has_one_run(self) -> None:
            rows = conn.execute(
                "select job_id, array_agg(outcome order by attempt) from job_runs group by 1"
            ).fetchall()
            runs = {row[0]: row[1] for row in rows}
            for job_id, job in self.expected.items():
                assert runs.get(job_id, []) == job.outcomes

    return JobLife


@pytest.mark.timeout(3_600)
def test_jobs_and_runs_follow_the_state_machine(database_url: str, clean_database: None) -> None:
    with psycopg.connect(database_url, autocommit=True) as conn:
        run_state_machine_as_test(
            machine(conn),
            settings=settings(
                max_examples=int(os.environ.get(EXAMPLES, "60")),
                stateful_step_count=30,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
