"""Any sequence of what may happen to limited jobs, against a plain model of the limits."""

from collections import Counter
from typing import Any

import psycopg
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test


class Model:
    """What the limit of one key allows."""

    def __init__(self) -> None:
        self.at_once: int | None = None
        self.starts: int | None = None
        self.running: set[int] = set()
        self.started: list[int] = []  # minutes ago
        self.waiting: dict[int, int] = {}  # priorities

    @property
    def room(self) -> int:
        places = 1_000 if self.at_once is None else self.at_once - len(self.running)
        starts = 1_000 if self.starts is None else self.starts - len(self.started)
        return max(0, min(places, starts, len(self.waiting)))


def limits_machine(conn: psycopg.Connection[tuple[Any, ...]]) -> type[RuleBasedStateMachine]:
    keys = st.sampled_from("abc")

    class Limits(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            conn.execute("truncate procrastinate_jobs, job_runs, limits, limit_starts")
            self.models = {key: Model() for key in "abc"}
            conn.execute("insert into limits (key) values ('a'), ('b'), ('c')")

        @rule(key=keys, priority=st.integers(0, 2))
        def submit(self, key: str, priority: int) -> None:
            row = conn.execute(
                "select add_job('q', 't', %s, null, '{}', null, %s)", [priority, key]
            ).fetchone()
            assert row is not None
            self.models[key].waiting[row[0]] = priority

        @rule(
            key=keys,
            at_once=st.sampled_from([None, 1, 2, 3]),
            starts=st.sampled_from([None, 1, 2, 4]),
        )
        def change(self, key: str, at_once: int | None, starts: int | None) -> None:
            model = self.models[key]
            conn.execute(
                "update limits set at_once = %s, starts = %s, per = case when %s then interval '1 hour' end"
                " where key = %s",
                [at_once, starts, starts is not None, key],
            )
            if model.starts is None:
                model.started.clear()  # starts count from when there is a limit for them
            if starts is None:
                conn.execute("delete from limit_starts where key = %s", [key])
                model.started.clear()
            model.at_once, model.starts = at_once, starts

        @rule()
        def take(self) -> None:
            """Of each key as many as it allows, the most urgent ones, then the oldest."""
            conn.execute("select let_limited_jobs_in()")
            taken = {row[0] for row in conn.execute("select id from fetch_jobs(null, null, null, null, 100)")}
            expected = set()
            for model in self.models.values():
                in_turn = sorted(model.waiting, key=lambda job_id: (-model.waiting[job_id], job_id))
                begun = in_turn[: model.room]
                for job_id in begun:
                    del model.waiting[job_id]
                model.running.update(begun)
                model.started += [0] * len(begun) if model.starts is not None else []
                expected.update(begun)
            assert taken == expected

        @rule(key=keys, comes_back=st.booleans())
        def end(self, key: str, comes_back: bool) -> None:
            model = self.models[key]
            if not model.running:
                return
            job_id = min(model.running)
            model.running.remove(job_id)
            row = conn.execute(
                "select end_run(%s, (select attempts + 1 from jobs_active where id = %s), 'w', %s, %s, null,"
                " null, null, null, null, null, null)",
                [job_id, job_id, "snoozed" if comes_back else "completed", 0 if comes_back else None],
            ).fetchone()
            if comes_back:
                [found] = conn.execute("select priority from jobs_active where id = %s", [job_id]).fetchall()
                model.waiting[job_id] = found[0]
            assert row == ("pending" if comes_back else "completed",)

        @rule(minutes=st.sampled_from([20, 40]))
        def let_time_pass(self, minutes: int) -> None:
            conn.execute(
                "update limit_starts set started_at = started_at - make_interval(mins => %s)", [minutes]
            )
            for model in self.models.values():
                model.started = [age + minutes for age in model.started if age + minutes < 60]

        @invariant()
        def database_agrees(self) -> None:
            rows = conn.execute("select limit_key from jobs_active where status = 'doing'").fetchall()
            assert Counter(row[0] for row in rows) == Counter(
                {key: len(model.running) for key, model in self.models.items() if model.running}
            )

    return Limits


def test_limits_are_kept_whatever_comes(database_url: str, clean_database: None) -> None:
    with psycopg.connect(database_url, autocommit=True) as conn:
        run_state_machine_as_test(
            limits_machine(conn),
            settings=settings(
                max_examples=40,
                stateful_step_count=40,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
