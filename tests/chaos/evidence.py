"""What is known of a scenario's jobs, as tables: what was accepted, what handlers saw, the queue."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg

from tests.chaos.journal import Event

Conn = psycopg.Connection[tuple[Any, ...]]

TABLES = """
create table if not exists chaos_effects (
    job_id bigint not null, attempt integer not null, pid integer not null,
    at timestamptz not null default clock_timestamp());
create index if not exists chaos_effects_job on chaos_effects (job_id);
create table if not exists chaos_submitted (job_id bigint primary key, expected text[] not null);
create table if not exists chaos_events (
    job_id bigint not null, attempt integer not null, what text not null, pid integer not null,
    at timestamptz not null, detail text not null default '');
create table if not exists chaos_deaths (pid integer primary key, at timestamptz not null);
create table if not exists chaos_freezes (
    pid integer not null, since timestamptz not null, until timestamptz not null);
"""


@dataclass(frozen=True)
class JobState:
    """A job as the queue shows it."""

    status: str
    attempt: int
    result: Any
    error: str | None


@dataclass(frozen=True)
class Run:
    """One row of job_runs; times are the database's, in seconds."""

    job_id: int
    attempt: int
    outcome: str | None
    started_at: float
    finished_at: float | None


@dataclass(frozen=True)
class Effect:
    job_id: int
    attempt: int
    at: float


@dataclass(frozen=True)
class Evidence:
    """All of it, read at one moment; times in seconds since the epoch."""

    now: float
    expected: Mapping[int, frozenset[str]]
    jobs: Mapping[int, JobState]
    runs: list[Run]
    effects: list[Effect]
    events: list[Event]
    deaths: Mapping[int, float]
    freezes: list[tuple[int, float, float]]


def make_tables(conn: Conn) -> None:
    conn.execute(TABLES)


def drop_tables(conn: Conn) -> None:
    conn.execute("drop table chaos_effects, chaos_submitted, chaos_events, chaos_deaths, chaos_freezes")


def file_submitted(conn: Conn, expected: Mapping[int, Iterable[str]]) -> None:
    rows = [(job_id, list(statuses)) for job_id, statuses in expected.items()]
    _insert(conn, "insert into chaos_submitted values (%s, %s) on conflict do nothing", rows)


def file_witnesses(
    conn: Conn,
    events: Iterable[Event],
    deaths: Mapping[int, float],
    freezes: Iterable[tuple[int, float, float]],
    to_epoch: float,
) -> None:
    """Writes what was seen outside the database; `to_epoch` turns its clock into the database's."""
    conn.execute("truncate chaos_events, chaos_deaths, chaos_freezes")
    _insert(
        conn,
        "insert into chaos_events values (%s, %s, %s, %s, to_timestamp(%s), %s)",
        [(e.job_id, e.attempt, e.what, e.pid, e.at + to_epoch, e.detail) for e in events],
    )
    _insert(
        conn,
        "insert into chaos_deaths values (%s, to_timestamp(%s))",
        [(pid, at + to_epoch) for pid, at in deaths.items()],
    )
    _insert(
        conn,
        "insert into chaos_freezes values (%s, to_timestamp(%s), to_timestamp(%s))",
        [(pid, since + to_epoch, until + to_epoch) for pid, since, until in freezes],
    )


def gather(conn: Conn) -> Evidence:
    """Reads every table, the queue's view and job_runs."""
    ((now,),) = _rows(conn, "select extract(epoch from clock_timestamp())::float8")
    return Evidence(
        now=now,
        expected={
            row[0]: frozenset(row[1]) for row in _rows(conn, "select job_id, expected from chaos_submitted")
        },
        jobs={
            row[0]: JobState(*row[1:])
            for row in _rows(
                conn,
                "select id, status, attempt, result, error from job_queue where job_type like 'chaos%'",
            )
        },
        runs=[
            Run(*row)
            for row in _rows(
                conn,
                "select job_id, attempt, outcome, extract(epoch from started_at)::float8,"
                " extract(epoch from finished_at)::float8 from job_runs order by job_id, attempt",
            )
        ],
        effects=[
            Effect(*row)
            for row in _rows(
                conn, "select job_id, attempt, extract(epoch from at)::float8 from chaos_effects order by at"
            )
        ],
        events=[
            Event(*row)
            for row in _rows(
                conn,
                "select job_id, attempt, what, pid, extract(epoch from at)::float8, detail"
                " from chaos_events order by at",
            )
        ],
        deaths=dict(_rows(conn, "select pid, extract(epoch from at)::float8 from chaos_deaths")),
        freezes=[
            (pid, since, until)
            for pid, since, until in _rows(
                conn,
                "select pid, extract(epoch from since)::float8, extract(epoch from until)::float8"
                " from chaos_freezes",
            )
        ],
    )


def _rows(conn: Conn, statement: LiteralString) -> list[Any]:
    return conn.execute(statement).fetchall()


def _insert(conn: Conn, statement: LiteralString, rows: list[tuple[Any, ...]]) -> None:
    with conn.cursor() as cursor:
        cursor.executemany(statement, rows)
