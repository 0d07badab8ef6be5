"""Random graphs and ends: a step runs only after those before it; every step ends, or can be resumed."""

from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.jobs.test_pipeline_races import add, dangling, drain, statuses, take

Conn = psycopg.Connection[tuple[Any, ...]]
Graph = list[list[int]]

ACTS = ("take", "complete", "fail", "fail for now", "stop", "lose", "cancel", "retry", "resume")
# A step that began, or may begin, though one before it has not completed; or that was given other results.
BROKEN = """
    select j.id, j.status from procrastinate_jobs j
    where j.graph_id is not null
      and (j.status in ('doing', 'succeeded', 'failed', 'aborted')
           or (j.status = 'todo' and j.waits_for is null))
      and (exists (
              select from graph_edges e join procrastinate_jobs p on p.id = e.parent_id
              where e.job_id = j.id and p.status <> 'succeeded')
           or coalesce(j.args -> 'inputs', '{}') <> (
              select coalesce(jsonb_object_agg(p.args #>> '{meta,step}', r.result), '{}')
              from graph_edges e
              join procrastinate_jobs p on p.id = e.parent_id
              join job_runs r on r.job_id = p.id and r.attempt = p.attempts
              where e.job_id = j.id))
"""
RESUME = "select retry_jobs(array(select id from jobs_finished where status <> 'succeeded'))"


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    size = draw(st.integers(1, 9))
    return [draw(st.lists(st.integers(0, n - 1), unique=True, max_size=4)) if n else [] for n in range(size)]


@st.composite
def lives(draw: st.DrawFn) -> tuple[Graph, list[tuple[str, int]]]:
    graph = draw(graphs())
    acts = st.tuples(st.sampled_from(ACTS), st.integers(0, len(graph) - 1))
    return graph, draw(st.lists(acts, max_size=40))


def act(conn: Conn, what: str, job_id: int) -> None:
    """What a worker or a user does to a job; nothing where its status does not allow it."""
    match what:
        case "take":
            take(conn)
        case "complete":
            end(conn, job_id, "completed")
        case "fail":
            end(conn, job_id, "failed")
        case "fail for now":
            end(conn, job_id, "failed", retry_in=0)
        case "stop":
            end(conn, job_id, "interrupted", retry_in=0)
        case "lose":
            end(conn, job_id, "lost", retry_in=0)
        case "cancel":
            conn.execute("select cancel_jobs(array[%s::bigint])", [job_id])
        case "retry":
            conn.execute("select retry_jobs(array[%s::bigint])", [job_id])
        case "resume":
            conn.execute(RESUME)


def end(conn: Conn, job_id: int, outcome: str, retry_in: float | None = None) -> None:
    conn.execute(
        "select end_run(id, attempts + 1, 'w', %s, %s::double precision, to_jsonb(id + attempts), null, null,"
        " null, null, null, null) from jobs_active where id = %s and status = 'doing'",
        [outcome, retry_in, job_id],
    )


@pytest.mark.timeout(120)
def test_no_step_runs_early_and_none_waits_for_ever(database_url: str, clean_database: None) -> None:
    with psycopg.connect(database_url, autocommit=True) as conn:

        @settings(max_examples=150, suppress_health_check=list(HealthCheck))
        @given(lives())
        def live(life: tuple[Graph, list[tuple[str, int]]]) -> None:
            graph, acts = life
            conn.execute("truncate procrastinate_jobs, job_runs, graph_edges")
            ids = add(conn, graph)
            for what, place in acts:
                act(conn, what, ids[place])
                assert dangling(conn) == []
                assert conn.execute(BROKEN).fetchall() == []
            drain(conn)
            done = dict(zip(ids, statuses(conn, ids), strict=True))
            conn.execute(RESUME)
            assert conn.execute(BROKEN).fetchall() == []
            again = statuses(conn, ids)
            assert [one == "completed" for one in again] == [one == "completed" for one in done.values()]
            drain(conn)
            assert set(statuses(conn, ids)) == {"completed"}

        live()
