"""Versions and trainings over HTTP: pages of them, and everything about one."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest

from store.database import Database
from store.models import ModelRow
from store.trainings import NewTraining, add_training
from tests.app.registry import Registry
from tests.store.test_models import NEW

# Each training is of another job.
JOB_IDS = count(1)
pytestmark = pytest.mark.anyio
CHECK = {
    "name": "matches",
    "figure": 1000.0,
    "limit": 380.0,
    "passed": True,
    "says": "judged on 1000 matches",
}


@pytest.fixture
def registry(database: Database, tmp_path: Path) -> Registry:
    return Registry(database, tmp_path)


async def add_training_of(registry: Registry, best: ModelRow | None) -> None:
    new = NewTraining(
        job_id=next(JOB_IDS),
        sport="football",
        as_of=NEW.as_of,
        training_matches=1000,
        validation_matches=400,
        seconds=12.5,
        best_model_id=best.id if best else None,
        in_service_id=None,
        outcome="deployed" if best else "refused",
        is_dry_run=best is None,
        checks=[CHECK],
        reason="judged on 1000 matches",
    )
    async with registry.database.transaction() as conn:
        await add_training(conn, new)


async def pages(
    client: httpx2.AsyncClient, path: str, number: Callable[[dict[str, Any]], int]
) -> list[list[int]]:
    """The numbers on each page of two."""
    found: list[list[int]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await client.get(path, params={"limit": 2, **cursor})).json()
        found.append([number(item) for item in page["items"]])
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


async def test_versions_come_newest_first_in_pages(client: httpx2.AsyncClient, registry: Registry) -> None:
    for _ in range(3):
        await registry.add()
    await registry.add("random_forest")
    path = "/api/models/elo_logit/versions"
    assert await pages(client, path, lambda item: int(item["version"])) == [[3, 2], [1]]
    version = (await client.get(path)).json()["items"][0]
    assert (version["status"], version["metrics"]) == ("candidate", NEW.metrics)
    assert version["importance"] == NEW.importance


async def test_a_version_shows_what_the_gate_said_if_it_was_the_best(
    client: httpx2.AsyncClient, registry: Registry
) -> None:
    await add_training_of(registry, await registry.add())
    await registry.add()
    best, other = [(await client.get(f"/api/models/elo_logit/versions/{n}")).json() for n in (1, 2)]
    assert (best["training"]["outcome"], best["training"]["checks"]) == ("deployed", [CHECK])
    assert best["training"]["best"] == {"name": "elo_logit", "version": 1}
    assert (best["parameters"], best["importance"]) == (NEW.parameters, NEW.importance)
    assert other["training"] is None


@pytest.mark.parametrize("path", ["nobody/versions", "elo_logit/versions/2", "nobody/versions/1"])
async def test_an_unknown_version_is_404(client: httpx2.AsyncClient, registry: Registry, path: str) -> None:
    await registry.add()
    answer = await client.get(f"/api/models/{path}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/model-not-found")


async def test_trainings_come_newest_first_in_pages(client: httpx2.AsyncClient, registry: Registry) -> None:
    await add_training_of(registry, await registry.add())
    for _ in range(2):
        await add_training_of(registry, None)
    assert await pages(client, "/api/trainings", lambda item: int(item["id"])) == [[3, 2], [1]]
    latest = (await client.get("/api/trainings")).json()["items"][0]
    assert (latest["outcome"], latest["is_dry_run"], latest["checks"]) == ("refused", True, [CHECK])
    assert (latest["best"], latest["in_service"]) == (None, None)


async def test_changes_come_newest_first_in_pages(client: httpx2.AsyncClient, registry: Registry) -> None:
    for _ in range(3):
        await registry.deployed()
    assert await pages(client, "/api/models/audit", lambda item: int(item["id"])) == [[3, 2], [1]]


@pytest.mark.parametrize("path", ["models/elo_logit/versions", "models/audit", "trainings"])
async def test_a_cursor_that_is_none_is_refused(client: httpx2.AsyncClient, path: str) -> None:
    assert (await client.get(f"/api/{path}?cursor=x")).status_code == 422
