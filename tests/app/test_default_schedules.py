"""The usual schedules of football: added once, and each one fit to run."""

from typing import Any

import httpx2
import pytest

from app.default_schedules import DEFAULTS
from jobs.cron import parse_cron
from jobs.handler import HANDLERS
from store.schedules import NewSchedule


@pytest.mark.parametrize("schedule", DEFAULTS, ids=lambda schedule: schedule.name)
def test_each_names_a_job_type_that_takes_its_params(schedule: NewSchedule) -> None:
    HANDLERS[schedule.job_type].params.model_validate(schedule.params, strict=True)
    assert schedule.cron is not None
    assert schedule.time_zone is not None
    parse_cron(schedule.cron, schedule.time_zone)


async def test_asked_for_twice_they_are_there_once_and_what_an_operator_changed_stays(
    client: httpx2.AsyncClient,
) -> None:
    first = (await client.post("/api/schedules/defaults")).json()
    assert [one["name"] for one in first["added"]] == [one.name for one in DEFAULTS]
    await client.patch("/api/schedules/training", json={"cron": "0 4 * * mon"})
    await client.delete("/api/schedules/settlement")
    second = (await client.post("/api/schedules/defaults")).json()
    assert [one["name"] for one in second["added"]] == ["settlement"]
    assert set(second["kept"]) == {one.name for one in DEFAULTS} - {"settlement"}
    assert await _cron(client, "training") == "0 4 * * mon"


async def _cron(client: httpx2.AsyncClient, name: str) -> Any:
    return (await client.get(f"/api/schedules/{name}")).json()["cron"]
