"""Pipelines under several sessions at once: no step waits for ever, and no two sessions for each other."""

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from jobs.queue import DECLARED_DEAD
from tests.engine import NoopHandler

Conn = psycopg.Connection[tuple[Any, ...]]
LONGEST_WAIT = 10


@pytest.fixture
def connect(database_url: str, clean_database: None) -> Iterator[Callable[[], Conn]]:
    with ExitStack() as stack:
        yield lambda: stack.enter_context(psycopg.connect(database_url, autocommit=True))


def add(conn: Conn, graph: list[list[int]]) -> list[int]:
    """A pipeline; each step is the list of the steps (by their places) that it comes after."""
    rows = conn.execute(
        "select nextval('procrastinate_jobs_id_seq') from generate_series(1, %s)", [len(graph)]
    ).fetchall()
    ids = [int(row[0]) for row in rows]
    edges = [(ids[step], ids[parent]) for step, after in enumerate(graph) for parent in after]
    with conn.transaction():
        conn.cursor().executemany("insert into graph_edges (job_id, parent_id) values (%s, %s)", edges)
        conn.cursor().executemany(
            "insert into procrastinate_jobs (id, queue_name, task_name, args, graph_id, waits_for)"
            " values (%s, 'default', %s, %s::jsonb, %s, case when %s then 'jobs' end)",
            [
                (one, NoopHandler.job_type, json.dumps({"meta": {"step": str(one)}}), ids[0], bool(after))
                for one, after in zip(ids, graph, strict=True)
            ],
        )
    return ids


def take(conn: Conn, worker: int | None = None) -> list[int]:
    return [
        row[0]
        for row in conn.execute("select id from fetch_jobs(%s, null, null, null, 1000) order by id", [worker])
    ]


def complete(conn: Conn, *ids: int) -> None:
    ended = conn.execute(
        "select complete_runs('w', ids, attempts, null) from ("
        " select array_agg(id order by id) as ids, array_agg(attempts + 1 order by id) as attempts"
        " from jobs_active where id = any (%s)) j",
        [list(ids)],
    ).fetchone()
    assert ended == (sorted(ids),)


def fail(conn: Conn, job_id: int) -> None:
    conn.execute(
        "select end_run(id, attempts + 1, 'w', 'failed', null, null, 'error', 'bad', null, null, null, null)"
        " from jobs_active where id = %s",
        [job_id],
    )


def statuses(conn: Conn, ids: list[int]) -> list[str]:
    rows = conn.execute("select status from job_queue where id = any (%s) order by id", [ids]).fetchall()
    return [row[0] for row in rows]


def dangling(conn: Conn) -> list[tuple[Any, ...]]:
    """Steps that wait although nothing will move them, or that do not wait although they should."""
    return conn.execute(
        """
        select j.id, j.status, j.waits_for from jobs_active j
        where j.graph_id is not null and (
            (j.waits_for = 'jobs') <> exists (
                select from graph_edges e join jobs_active p on p.id = e.parent_id where e.job_id = j.id)
            or exists (select from graph_edges e join jobs_finished p on p.id = e.parent_id
                       where e.job_id = j.id and p.status <> 'succeeded'))
        """
    ).fetchall()


@contextmanager
def waiting(database_url: str, conn: Conn, act: Callable[[Conn], object]) -> Iterator[Future[object]]:
    """Does it on the connection, which has to wait for another one: that one is free to go on inside."""
    pid = conn.info.backend_pid
    with ThreadPoolExecutor(1) as pool, psycopg.connect(database_url, autocommit=True) as look:
        done = pool.submit(act, conn)
        deadline = time.monotonic() + LONGEST_WAIT
        while look.execute("select cardinality(pg_blocking_pids(%s)) > 0", [pid]).fetchone() != (True,):
            assert not done.done(), "it did not wait"
            assert time.monotonic() < deadline
        yield done
        done.result(LONGEST_WAIT)


def test_of_two_last_steps_that_end_at_once_one_makes_the_next_ready(
    database_url: str, connect: Callable[[], Conn]
) -> None:
    one, two = connect(), connect()
    ids = add(one, [[], [], [0, 1]])
    take(one)
    with one.transaction():
        complete(one, ids[0])
        with waiting(database_url, two, lambda conn: complete(conn, ids[1])):
            one.execute("commit")
            one.execute("begin")
    assert take(one) == [ids[2]]


@pytest.mark.parametrize("ends", ["completed", "failed"])
def test_a_step_put_back_while_one_before_it_ends_does_not_wait_for_ever(
    database_url: str, connect: Callable[[], Conn], ends: str
) -> None:
    one, two = connect(), connect()
    ids = add(one, [[], [], [0, 1]])
    take(one)
    fail(one, ids[0])
    with one.transaction():
        (complete if ends == "completed" else fail)(one, ids[1])
        with waiting(database_url, two, lambda conn: conn.execute("select retry_jobs(%s)", [ids[:1]])):
            one.execute("commit")
            one.execute("begin")
    assert dangling(one) == []
    assert statuses(one, ids) == ["pending", ends, "pending" if ends == "completed" else "cancelled"]


@pytest.mark.parametrize("ends", ["completed", "failed"])
def test_a_step_that_ends_while_one_after_it_is_put_back_moves_it_on(
    database_url: str, connect: Callable[[], Conn], ends: str
) -> None:
    one, two = connect(), connect()
    ids = add(one, [[], [], [0, 1]])
    take(one)
    fail(one, ids[0])
    act = complete if ends == "completed" else fail
    with one.transaction():
        one.execute("select retry_jobs(%s)", [ids[:1]])
        with waiting(database_url, two, lambda conn: act(conn, ids[1])):
            one.execute("commit")
            one.execute("begin")
    assert dangling(one) == []
    assert statuses(one, ids) == ["pending", ends, "pending" if ends == "completed" else "cancelled"]


def test_a_step_cancelled_while_it_becomes_ready_is_cancelled(
    database_url: str, connect: Callable[[], Conn]
) -> None:
    one, two = connect(), connect()
    ids = add(one, [[], [0], [1]])
    take(one)
    with one.transaction():
        complete(one, ids[0])
        with waiting(database_url, two, lambda conn: conn.execute("select cancel_jobs(%s)", [ids[1:2]])):
            one.execute("commit")
            one.execute("begin")
    assert statuses(one, ids) == ["completed", "cancelled", "cancelled"]


def test_a_clean_up_leaves_a_pipeline_that_is_being_put_back(
    database_url: str, connect: Callable[[], Conn]
) -> None:
    one, two = connect(), connect()
    ids = add(one, [[], [0]])
    take(one)
    complete(one, ids[0])
    take(one)
    fail(one, ids[1])
    delete = "select delete_finished_jobs(%s, %s, %s, 1000)"
    with one.transaction():
        one.execute("select retry_jobs(%s)", [ids[1:]])
        assert two.execute(delete, [timedelta(0)] * 3).fetchone() == (0,)
    take(one)
    fail(one, ids[1])
    with one.transaction():
        assert one.execute(delete, [timedelta(0)] * 3).fetchone() == (2,)
        with waiting(database_url, two, lambda conn: conn.execute("select retry_jobs(%s)", [ids[1:]])):
            one.execute("commit")
            one.execute("begin")
    assert statuses(one, ids) == []


def test_steps_are_put_back_twice_while_one_of_them_ends_between_the_others(
    database_url: str, connect: Callable[[], Conn]
) -> None:
    """The second to come sees more steps than the first: they must not hold each other's."""
    one, two, user, three = connect(), connect(), connect(), connect()
    ids = add(one, [[], []])
    take(one)
    fail(one, ids[1])
    with user.transaction():
        user.execute("select from jobs_finished where id = %s for update", [ids[1]])
        with waiting(database_url, one, lambda conn: conn.execute("select retry_jobs(%s)", [ids])):
            fail(three, ids[0])
            with waiting(database_url, two, lambda conn: conn.execute("select retry_jobs(%s)", [ids])):
                user.execute("commit")
                user.execute("begin")
    assert statuses(one, ids) == ["pending", "pending"]


def test_both_kinds_of_ends_of_two_workers_over_two_pipelines_wait_in_one_order(
    database_url: str, connect: Callable[[], Conn]
) -> None:
    """Each records a plain end for one pipeline and another end for the other one, the other way round."""
    one, two, user = connect(), connect(), connect()
    first, second = add(one, [[], [], [0, 1]]), add(one, [[], [], [0, 1]])
    [[worker]] = one.execute("insert into procrastinate_workers default values returning id").fetchall()
    take(one, worker)

    def cycle(conn: Conn, plain: int, other: int) -> None:
        ends = json.dumps([{"id": other, "attempt": 1, "outcome": "completed", "progress": 1}])
        conn.execute(
            "select work_cycle(%s, 'w', %s, '{1}', null, %s::jsonb, null, null, null, 0)",
            [worker, [plain], ends],
        )

    with user.transaction():  # both stand before the same lock, whatever they hold already
        user.execute("select lock_graphs(%s)", [[first[0], second[0]]])
        with (
            waiting(database_url, one, lambda conn: cycle(conn, first[0], second[0])),
            waiting(database_url, two, lambda conn: cycle(conn, second[1], first[1])),
        ):
            user.execute("commit")
            user.execute("begin")
    assert take(one) == [first[2], second[2]]


class Storm:
    """Workers and users at work on pipelines at the same time, each on a connection of its own."""

    def __init__(self, database_url: str, seconds: float, seed: int) -> None:
        self._url, self._seed = database_url, seed
        self._ends_at = time.monotonic() + seconds
        self._failed: list[BaseException] = []
        self.acts = 0

    def blow(self, ids: list[int]) -> None:
        acts = [self._work, self._work, self._work, self._cancel, self._retry, self._retry, self._rescue]
        threads = [
            threading.Thread(target=self._repeat, args=(act, ids, self._seed + number))
            for number, act in enumerate(acts)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert self._failed == []

    def _repeat(
        self, act: Callable[[Conn, random.Random, list[int]], object], ids: list[int], seed: int
    ) -> None:
        chance = random.Random(seed)  # noqa: S311
        try:
            with psycopg.connect(self._url, autocommit=True) as conn:
                while time.monotonic() < self._ends_at:
                    act(conn, chance, ids)
                    self.acts += 1
        except psycopg.Error as error:
            self._failed.append(error)

    def _work(self, conn: Conn, chance: random.Random, ids: list[int]) -> None:
        """The life of a worker: it ends what it has in any way, and takes more; its last jobs it loses."""
        register = "insert into procrastinate_workers default values returning id"
        [[worker]] = conn.execute(register).fetchall()
        taken: list[tuple[int, int]] = []
        for _ in range(10):
            chance.shuffle(taken)
            plain, others = taken[: len(taken) // 2], taken[len(taken) // 2 :]
            rows = conn.execute(
                "select id, job_type, attempt from work_cycle("
                " %s, 'w', %s::bigint[], %s::integer[], null, %s::jsonb, null, null, null, %s)",
                [
                    worker,
                    [job_id for job_id, _ in plain] or None,
                    [attempt for _, attempt in plain] or None,
                    json.dumps([self._end(chance, *one) for one in others]) if others else None,
                    chance.randint(1, 8),
                ],
            ).fetchall()
            taken = [(job_id, attempt) for job_id, job_type, attempt in rows if job_type]
            if any(job_id == DECLARED_DEAD for job_id, _, _ in rows):
                return
        conn.execute("delete from procrastinate_workers where id = %s", [worker])

    def _end(self, chance: random.Random, job_id: int, attempt: int) -> dict[str, object]:
        outcome, retry_in = chance.choice(
            [("completed", None), ("completed", None), ("failed", None), ("failed", 0), ("interrupted", 0)]
        )
        return {"id": job_id, "attempt": attempt, "outcome": outcome, "retry_in": retry_in}

    def _cancel(self, conn: Conn, chance: random.Random, ids: list[int]) -> None:
        conn.execute("select cancel_jobs(%s)", [[chance.choice(ids)]])
        with conn.transaction():
            some = chance.sample(ids, 5)
            conn.execute(
                "select id from jobs_active where id = any (%s) and status = 'todo'"
                " and waits_for is distinct from 'jobs' order by id for update",
                [some],
            )
            conn.execute("select * from cancel_free_jobs(%s)", [some])

    def _retry(self, conn: Conn, chance: random.Random, ids: list[int]) -> None:
        conn.execute("select retry_jobs(%s)", [chance.sample(ids, chance.choice([1, 20]))])

    def _rescue(self, conn: Conn, chance: random.Random, ids: list[int]) -> None:
        """Declares some worker dead that may well be alive, and gives its jobs back."""
        conn.execute(
            "update procrastinate_workers set last_heartbeat = '-infinity'"
            " where id = (select max(id) - %s from procrastinate_workers)",
            [chance.randint(0, 2)],
        )
        conn.execute("select * from rescue_jobs()")
        time.sleep(0.01)  # who loses a job three times has none left


@pytest.mark.timeout(120)
def test_a_storm_over_pipelines_ends_with_every_step_done(
    database_url: str, connect: Callable[[], Conn]
) -> None:
    conn, seed = connect(), random.randrange(10**6)  # noqa: S311
    chance = random.Random(seed)  # noqa: S311
    ids = []
    for _ in range(20):
        size = chance.randint(3, 25)
        ids += add(conn, [sorted(chance.sample(range(n), min(n, chance.randint(0, 3)))) for n in range(size)])
    storm = Storm(database_url, seconds=4, seed=seed)
    storm.blow(ids)
    assert dangling(conn) == [], seed
    drain(conn)
    while conn.execute("select retry_jobs(array(select id from jobs_finished where status <> 'succeeded'))"):
        drain(conn)
        if set(statuses(conn, ids)) == {"completed"}:
            break
    assert statuses(conn, ids) == ["completed"] * len(ids)
    assert storm.acts > 100


def drain(conn: Conn) -> None:
    """What is running is given back by its worker's death; then all is run."""
    conn.execute(
        "select end_run(id, attempts + 1, 'w', 'interrupted', 0, null, null, null, null, null, null, null)"
        " from jobs_active where status = 'doing'"
    )
    conn.execute("update jobs_active set waits_for = null, scheduled_at = null where waits_for = 'time'")
    while taken := take(conn):
        complete(conn, *taken)
        assert dangling(conn) == []
    assert conn.execute("select count(*) from jobs_active").fetchone() == (0,)
