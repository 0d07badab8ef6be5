"""A job is followed to its end, whether the listener lives or not, and nobody who left is kept."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.job_events import MAX_STREAMS, JobEvents
from app.state import WebState
from jobs.service import submit
from store.database import Database
from store.jobs import JobRow, notify_changed
from store.queries import query
from tests.app import EchoHandler, EchoParams
from tests.app.gate import Gate

pytestmark = pytest.mark.anyio


async def add(database: Database) -> int:
    async with database.transaction() as conn:
        return await submit(conn, EchoHandler, EchoParams())


async def start(database: Database, job_id: int) -> None:
    async with database.transaction() as conn:
        await conn.execute(text("select fetch_jobs(null, null, null, null, 1)"))
        await notify_changed(conn, job_id)


async def report(database: Database, job_id: int, fraction: float) -> None:
    async with database.transaction() as conn:
        report = {
            "job_ids": [job_id],
            "attempts": [1],
            "fractions": [fraction],
            "steps": [""],
            "messages": [""],
            "workers": [None],
        }
        await conn.execute(query("report_progress"), report)
        await notify_changed(conn, job_id)


async def end(database: Database, job_id: int) -> None:
    async with database.transaction() as conn:
        await conn.execute(
            text("select end_run(:id, 1, 'w', 'completed', null, '7', null, null, null, null, null, null)"),
            {"id": job_id},
        )
        await notify_changed(conn, job_id)


async def until(claim: Callable[[], bool]) -> None:
    """Waits for what another thread or the database does; the test's time-out ends it."""
    while not claim():  # noqa: ASYNC110 - what is awaited happens in another thread or process
        await asyncio.sleep(0.005)


async def events_of(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    event = ""
    async for line in lines:
        name, _, value = line.partition(": ")
        if name == "event":
            event = value
        elif name == "data":
            yield event, json.loads(value)


async def test_a_stream_shows_each_change_and_ends(server: str, database: Database) -> None:
    job_id = await add(database)
    async with (
        httpx2.AsyncClient(base_url=server) as client,
        client.stream("GET", f"/api/jobs/{job_id}/events") as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-cache"
        events = events_of(answer.aiter_lines())
        event, job = await anext(events)
        assert (event, job["status"]) == ("progress", "pending")
        await start(database, job_id)
        event, job = await anext(events)
        assert (event, job["status"], job["attempt"]) == ("progress", "running", 1)
        await report(database, job_id, 0.4)
        event, job = await anext(events)
        assert (event, job["progress"]) == ("progress", 0.4)
        await end(database, job_id)
        event, job = await anext(events)
        assert (event, job["status"], job["result"]) == ("end", "completed", 7)
        assert [event async for event in events] == []


async def test_the_stream_of_a_finished_job_is_its_end(server: str, database: Database) -> None:
    job_id = await add(database)
    await start(database, job_id)
    await end(database, job_id)
    async with httpx2.AsyncClient(base_url=server) as client:
        answer = await client.get(f"/jobs/{job_id}/events")
    assert answer.text.startswith("event: end\n")
    assert "retry: 2000" in answer.text


async def test_a_client_that_leaves_is_forgotten(server: str, app: FastAPI, database: Database) -> None:
    job_id = await add(database)
    web: WebState = app.state.web
    async with httpx2.AsyncClient(base_url=server) as client:
        async with client.stream("GET", f"/api/jobs/{job_id}/events") as answer:
            await anext(events_of(answer.aiter_lines()))
            assert web.events.streams == 1
        await until(lambda: web.events.streams == 0)


async def test_the_head_of_a_stream_is_no_stream(server: str, app: FastAPI, database: Database) -> None:
    job_id = await add(database)
    web: WebState = app.state.web
    async with httpx2.AsyncClient(base_url=server) as client:
        answer = await client.head(f"/api/jobs/{job_id}/events")
        assert answer.headers["content-type"].startswith("text/event-stream")
        await until(lambda: web.events.streams == 0)


async def test_many_streams_share_one_listener(database: Database) -> None:
    events = JobEvents(database, database.url)
    job_id = await add(database)
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(events.listen())
        followers = [group.create_task(follow(events, job_id)) for _ in range(100)]
        await until(lambda: events.is_listening and events.streams == 100)
        async with database.read() as conn:
            listeners = await conn.scalar(
                text("select count(*) from pg_stat_activity where application_name = 'matchday api listener'"
                     " and datname = current_database()")
            )  # fmt: skip
        await start(database, job_id)
        await end(database, job_id)
        seen = [await follower for follower in followers]
        listening.cancel()
    assert listeners == 1
    assert {statuses[-1] for statuses in seen} == {"completed"}
    assert events.streams == 0


async def test_without_a_listener_a_stream_looks_by_itself(database: Database, gate: Gate) -> None:
    events = JobEvents(database, gate.url)
    job_id = await add(database)
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(events.listen())
        follower = group.create_task(follow(events, job_id))
        await until(lambda: events.streams == 1)
        await start(database, job_id)
        await end(database, job_id)
        assert (await follower)[-1] == "completed"
        assert not events.is_listening
        listening.cancel()


async def test_the_listener_comes_back(database: Database, gate: Gate) -> None:
    events = JobEvents(database, gate.url)
    listening = asyncio.create_task(events.listen())
    await gate.open()
    await until(lambda: events.is_listening)
    await gate.shut()
    await until(lambda: not events.is_listening)
    await gate.open()
    await until(lambda: events.is_listening)
    listening.cancel()
    await asyncio.wait([listening])


async def test_a_deleted_job_ends_its_stream(database: Database) -> None:
    events = JobEvents(database, database.url)
    job_id = await add(database)
    follower = asyncio.create_task(follow(events, job_id))
    await until(lambda: events.streams == 1)
    async with database.transaction() as conn:
        await conn.execute(text("delete from procrastinate_jobs"))
    assert set(await follower) <= {"pending"}


async def test_streams_end_when_the_process_stops(database: Database) -> None:
    events = JobEvents(database, database.url)
    job_id = await add(database)
    follower = asyncio.create_task(follow(events, job_id))
    await until(lambda: events.streams == 1)
    events.end_streams()
    assert set(await follower) <= {"pending"}


async def test_one_stream_too_many_is_refused(
    client: httpx2.AsyncClient, app: FastAPI, database: Database
) -> None:
    job_id = await add(database)
    web: WebState = app.state.web
    watches = [web.events.watch(number) for number in range(MAX_STREAMS)]
    for watch in watches:
        watch.__enter__()
    answer = await client.get(f"/api/jobs/{job_id}/events")
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/too-many-streams"
    assert answer.headers["retry-after"] == "5"
    for watch in watches:
        watch.__exit__(None, None, None)
    assert web.events.streams == 0


async def follow(events: JobEvents, job_id: int) -> list[str]:
    with events.watch(job_id) as changed:
        return [status(job) async for job in events.changes(job_id, changed)]


def status(job: JobRow) -> str:
    return job.status
