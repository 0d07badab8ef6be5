"""Schedules over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from jobs.schedules import tick
from store.database import Database

pytestmark = pytest.mark.anyio
NIGHTLY = {"name": "nightly", "type": "test_echo", "cron": "30 5 * * mon-fri"}
OFTEN = {"name": "often", "type": "test_echo", "every_seconds": 600}
POLL = {"name": "poll", "type": "test_echo", "adaptive": {"min_seconds": 30, "max_seconds": 3_600}}


async def added(client: httpx2.AsyncClient, body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    answer = await client.post("/api/schedules", json={**body, **changes})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def changed(client: httpx2.AsyncClient, name: str, **changes: Any) -> dict[str, Any]:
    answer = await client.patch(f"/api/schedules/{name}", json=changes)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def make_due(database: Database, name: str) -> None:
    async with database.transaction() as conn:
        due = "update schedules set next_at = now() - interval '1 second' where name = :name"
        await conn.execute(text(due), {"name": name})


async def ticked(database: Database) -> list[int]:
    async with database.transaction() as conn:
        return await tick(conn)


async def names(client: httpx2.AsyncClient) -> list[str]:
    return [item["name"] for item in (await client.get("/api/schedules")).json()["items"]]


async def test_a_schedule_is_created_and_shown(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/schedules", json={**NIGHTLY, "time_zone": "Europe/London"})
    assert answer.status_code == 201
    assert answer.headers["location"] == "/api/schedules/nightly"
    found = answer.json()
    assert (await client.get(answer.headers["location"])).json() == found
    next_at = datetime.fromisoformat(found.pop("next_at"))
    assert timedelta(0) < next_at - datetime.now(UTC) < timedelta(days=4)
    assert datetime.fromisoformat(found.pop("created_at")) <= datetime.fromisoformat(found.pop("updated_at"))
    assert found == {
        "name": "nightly", "type": "test_echo", "params": {}, "cron": "30 5 * * mon-fri",
        "time_zone": "Europe/London", "every_seconds": None, "adaptive": None, "misfire": "run_once",
        "misfire_after_seconds": 60, "priority": 0, "status": "active", "paused_at": None, "paused_by": None,
        "waits_for_job": None, "last_at": None, "last_job_id": None, "last_error": None,
        "links": {"self": "/api/schedules/nightly", "upcoming": "/api/schedules/nightly/upcoming"},
    }  # fmt: skip


async def test_each_kind_of_timing_starts_in_its_own_time(client: httpx2.AsyncClient) -> None:
    now = datetime.now(UTC)
    often = await added(client, OFTEN, misfire="skip", misfire_after_seconds=5.5, priority=-3)
    poll = await added(client, POLL)
    assert (often["every_seconds"], often["time_zone"]) == (600, None)
    assert (often["misfire"], often["misfire_after_seconds"], often["priority"]) == ("skip", 5.5, -3)
    assert poll["adaptive"] == {"min_seconds": 30, "max_seconds": 3_600}
    starts = [datetime.fromisoformat(one["next_at"]) - now for one in (often, poll)]
    assert timedelta(seconds=590) < starts[0] < timedelta(seconds=610)
    assert abs(starts[1]) < timedelta(seconds=10)
    assert (await added(client, NIGHTLY))["time_zone"] == "UTC"


async def test_schedules_are_listed_by_name_in_pages(client: httpx2.AsyncClient) -> None:
    for name in ("c", "a", "b"):
        await added(client, OFTEN, name=name)
    first = (await client.get("/api/schedules?limit=2")).json()
    assert ([item["name"] for item in first["items"]], first["next_cursor"]) == (["a", "b"], "b")
    second = (await client.get(f"/api/schedules?limit=2&cursor={first['next_cursor']}")).json()
    assert ([item["name"] for item in second["items"]], second["next_cursor"]) == (["c"], None)


async def test_a_name_is_taken_once(client: httpx2.AsyncClient) -> None:
    before = await added(client, NIGHTLY)
    answer = await client.post("/api/schedules", json={**OFTEN, "name": "nightly"})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/schedule-exists")
    assert (await client.get("/api/schedules/nightly")).json() == before


async def test_what_is_given_is_changed_and_the_rest_stays(client: httpx2.AsyncClient) -> None:
    before = await added(client, OFTEN, params={"count": 2}, priority=4)
    after = await changed(client, "often", params={"label": "x"}, misfire="skip", misfire_after_seconds=90)
    assert datetime.fromisoformat(after.pop("updated_at")) > datetime.fromisoformat(before.pop("updated_at"))
    assert after == {**before, "params": {"label": "x"}, "misfire": "skip", "misfire_after_seconds": 90}
    assert await changed(client, "often", priority=0) != after
    unchanged = await changed(client, "often")
    assert (unchanged["priority"], unchanged["next_at"]) == (0, before["next_at"])


async def test_another_timing_takes_the_place_of_the_old_one(client: httpx2.AsyncClient) -> None:
    await added(client, OFTEN)
    cron = await changed(client, "often", cron="0 3 * * *", time_zone="Asia/Tokyo")
    assert (cron["cron"], cron["time_zone"], cron["every_seconds"]) == ("0 3 * * *", "Asia/Tokyo", None)
    assert datetime.fromisoformat(cron["next_at"]).hour == 18
    moved = await changed(client, "often", time_zone="Europe/Athens")
    assert (moved["cron"], moved["time_zone"]) == ("0 3 * * *", "Europe/Athens")
    assert (await changed(client, "often", cron="0 4 * * *"))["time_zone"] == "Europe/Athens"
    poll = await changed(client, "often", adaptive={"min_seconds": 1, "max_seconds": 2.5})
    assert (poll["cron"], poll["time_zone"]) == (None, None)
    assert poll["adaptive"] == {"min_seconds": 1, "max_seconds": 2.5}


async def test_a_deleted_schedule_is_gone_and_its_jobs_stay(
    client: httpx2.AsyncClient, database: Database
) -> None:
    await added(client, OFTEN)
    await make_due(database, "often")
    [job_id] = await ticked(database)
    answer = await client.delete("/api/schedules/often")
    assert (answer.status_code, answer.content) == (204, b"")
    assert await names(client) == []
    job = (await client.get(f"/api/jobs/{job_id}")).json()
    assert (job["status"], job["requested_by"]) == ("pending", "schedule:often")


async def test_a_schedule_is_run_now_and_keeps_its_next_time(client: httpx2.AsyncClient) -> None:
    before = await added(client, NIGHTLY, params={"label": "x"}, priority=9)
    answer = await client.post("/api/schedules/nightly/run", headers={"X-Requested-By": "ann"})
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == f"/api/jobs/{job['id']}"
    assert (job["type"], job["priority"], job["requested_by"]) == ("test_echo", 9, "ann")
    assert job["params"]["label"] == "x"
    assert (await client.get("/api/schedules/nightly")).json() == before
    again = await client.post("/api/schedules/nightly/run")
    assert (again.status_code, again.json()["job_id"]) == (409, job["id"])


async def test_a_schedule_that_no_longer_fits_its_job_type_is_not_run(
    client: httpx2.AsyncClient, database: Database
) -> None:
    await added(client, OFTEN)
    async with database.transaction() as conn:
        await conn.execute(text("""update schedules set params = '{"count": 99}'"""))
    answer = await client.post("/api/schedules/often/run")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/schedule-cannot-run")
    assert "/count" in answer.json()["detail"]
    # What is wrong already is no reason to refuse another change.
    assert (await changed(client, "often", priority=1))["priority"] == 1
    assert (await client.patch("/api/schedules/often", json={"type": "test_echo"})).status_code == 422


async def test_a_paused_schedule_adds_nothing_until_it_is_resumed(
    client: httpx2.AsyncClient, database: Database
) -> None:
    await added(client, OFTEN)
    paused = await client.post("/api/schedules/often/pause", headers={"X-Requested-By": "ann"})
    assert (paused.status_code, paused.json()["status"], paused.json()["paused_by"]) == (200, "paused", "ann")
    assert (await client.post("/api/schedules/often/pause")).json() == paused.json()
    await make_due(database, "often")
    assert await ticked(database) == []
    resumed = (await client.post("/api/schedules/often/resume")).json()
    assert (resumed["status"], resumed["paused_at"], resumed["paused_by"]) == ("active", None, None)
    assert datetime.fromisoformat(resumed["next_at"]) > datetime.now(UTC)
    await make_due(database, "often")
    assert len(await ticked(database)) == 1


async def test_the_next_times_are_shown(client: httpx2.AsyncClient) -> None:
    schedule = await added(client, NIGHTLY, time_zone="America/New_York")
    upcoming = (await client.get(schedule["links"]["upcoming"] + "?count=30")).json()["items"]
    assert (len(upcoming), upcoming[0]) == (30, schedule["next_at"])
    moments = [datetime.fromisoformat(item) for item in upcoming]
    assert sorted(set(moments)) == moments
    assert {(one.hour, one.minute) for one in moments} <= {(9, 30), (10, 30)}
    often = await added(client, OFTEN)
    upcoming = (await client.get("/api/schedules/often/upcoming")).json()["items"]
    assert (len(upcoming), upcoming[0]) == (10, often["next_at"])


async def test_what_became_of_each_time_is_shown(client: httpx2.AsyncClient, database: Database) -> None:
    await added(client, OFTEN, params={"label": "x"})
    for _ in range(2):
        await make_due(database, "often")
        await ticked(database)
    ticks = (await client.get("/api/schedules/often/ticks")).json()["items"]
    assert [one["outcome"] for one in ticks] == ["merged", "enqueued"]
    assert ticks[0]["job_id"] == ticks[1]["job_id"]
    assert ticks[0]["tick_at"] > ticks[1]["tick_at"]
    assert len((await client.get("/api/schedules/often/ticks?limit=1")).json()["items"]) == 1


# Each: what is given beside the name and the type, where it points, a word of what it says.
WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "no timing": ({}, "", "give one of cron, every_seconds, adaptive"),
    "two timings": ({"cron": "* * * * *", "every_seconds": 60}, "/every_seconds", "only one of"),
    "a bad minute": ({"cron": "61 * * * *"}, "/cron", "the minute '61' is not valid: write 0 to 59"),
    "three fields": ({"cron": "0 5 *"}, "/cron", "5 fields (minute, hour"),
    "a date that never comes": ({"cron": "0 0 30 2 *"}, "/cron", "day-of-month"),
    "days that never come": ({"cron": "0 0 */20 * 1L"}, "/cron", "no moment within 50 years"),
    "a cron of NUL": ({"cron": "\0"}, "/cron", "U+0000"),
    "a long cron": ({"cron": "1," * 101 + " * * * *"}, "/cron", "200"),
    "an unknown zone": ({"cron": "* * * * *", "time_zone": "London"}, "/time_zone", "IANA name"),
    "a zone as a path": ({"cron": "* * * * *", "time_zone": "../UTC"}, "/time_zone", "IANA name"),
    "a zone for nothing": ({"every_seconds": 60, "time_zone": "UTC"}, "/time_zone", "only a cron"),
    "too often": ({"every_seconds": 0.5}, "/every_seconds", "1"),
    "never": ({"every_seconds": 1e12}, "/every_seconds", "31622400"),
    "interval as text": ({"every_seconds": "60"}, "/every_seconds", "number"),
    "half of adaptive": ({"adaptive": {"min_seconds": 1}}, "/adaptive/max_seconds", "required"),
    "upside down": ({"adaptive": {"min_seconds": 9, "max_seconds": 8}}, "/adaptive", "less than min_seconds"),
    "more than adaptive": (
        {"adaptive": {"min_seconds": 1, "max_seconds": 2, "factor": 2}}, "/adaptive/factor", "no such value"),
    "adaptive and skip": (
        {"adaptive": {"min_seconds": 1, "max_seconds": 2}, "misfire": "skip"}, "/misfire", "run_once"),
    "unknown policy": ({"every_seconds": 60, "misfire": "ignore"}, "/misfire", "run_once"),
    "no tolerance": ({"every_seconds": 60, "misfire_after_seconds": 1}, "/misfire_after_seconds", "5"),
    "priority": ({"every_seconds": 60, "priority": 101}, "/priority", "100"),
    "null": ({"every_seconds": 60, "cron": None}, "/cron", "leave it out"),
    "unknown member": ({"every_seconds": 60, "at": "noon"}, "/at", "allowed: type, params, cron"),
    "unknown type": ({"every_seconds": 60, "type": "nope"}, "/type", "data_pipeline"),
    "unknown parameter": ({"every_seconds": 60, "params": {"cuont": 1}}, "/params/cuont", "allowed: count"),
    "wrong parameter": ({"every_seconds": 60, "params": {"count": "1"}}, "/params/count", "integer"),
    "a name in capitals": ({"every_seconds": 60, "name": "Nightly"}, "/name", "pattern"),
    "a name with a line break": ({"every_seconds": 60, "name": "nightly\n"}, "/name", "pattern"),
    "a long name": ({"every_seconds": 60, "name": "n" * 65}, "/name", "pattern"),
}  # fmt: skip


@pytest.mark.parametrize(("given", "pointer", "told"), WRONG.values(), ids=WRONG)
async def test_a_wrong_schedule_is_told_where_and_what(
    client: httpx2.AsyncClient, given: dict[str, Any], pointer: str, told: str
) -> None:
    answer = await client.post("/api/schedules", json={"name": "wrong", "type": "test_echo", **given})
    assert answer.status_code == 422, answer.text
    [fault] = answer.json()["errors"]
    assert fault["pointer"] == pointer
    assert told in fault["message"]
    assert await names(client) == []


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": "other"}, "/name"),
        ({"cron": "x"}, "/cron"),
        ({"time_zone": "Mars"}, "/time_zone"),
        ({"every_seconds": 60, "cron": "* * * * *"}, "/every_seconds"),
        ({"params": {"count": 11}}, "/params/count"),
        ({"type": "nope"}, "/type"),
        ({"type": "quick_data_refresh"}, "/params/label"),
        ({"priority": None}, "/priority"),
        ({"misfire": "skip", "adaptive": {"min_seconds": 1, "max_seconds": 2}}, "/misfire"),
    ],
)
async def test_a_wrong_change_changes_nothing(
    client: httpx2.AsyncClient, changes: dict[str, Any], pointer: str
) -> None:
    before = await added(client, NIGHTLY, params={"label": "x"})
    answer = await client.patch("/api/schedules/nightly", json={"priority": 5, **changes})
    assert answer.status_code == 422, answer.text
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert (await client.get("/api/schedules/nightly")).json() == before


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/run"),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("GET", "/upcoming"),
        ("GET", "/ticks"),
    ],
)
async def test_an_unknown_schedule_is_not_found(client: httpx2.AsyncClient, method: str, path: str) -> None:
    body: dict[str, Any] = {"json": {}} if method == "PATCH" else {}
    answer = await client.request(method, f"/api/schedules/unknown{path}", **body)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/schedule-not-found")
    wrong = await client.request(method, f"/api/schedules/Un%00known{path}", **body)
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "{name}")


@pytest.mark.parametrize(
    "query", ["?limit=0", "?limit=201", "?cursor=A", "?cursor=a%00", "?page=2", "/x/upcoming?count=101"]
)
async def test_a_wrong_query_is_refused(client: httpx2.AsyncClient, query: str) -> None:
    answer = await client.get(f"/api/schedules{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith("?")


async def test_the_example_of_the_schema_is_what_the_api_takes(client: httpx2.AsyncClient) -> None:
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    [given] = schemas["ScheduleIn"]["examples"]
    [shown] = schemas["ScheduleOut"]["examples"]
    answer = await added(client, given)
    assert given.items() <= shown.items()
    assert set(shown) <= set(answer)
