"""What serves, over HTTP: promote by hand, roll back, and who did it."""

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest

from config.settings import Settings, override
from store.database import Database
from store.models import active_model, find_version
from tests.app.registry import Registry
from tests.modeling.s3_server import ANY_KEYS, NAME, REGION

pytestmark = pytest.mark.anyio
WHY = {"reason": "the new one is too sure of draws"}
OPS = {"X-Requested-By": "ops"}


@pytest.fixture
def settings(database_url: str, clean_database: None, tmp_path: Path) -> Settings:
    folder = str(tmp_path / "artifacts")
    return Settings(_env_file=None, database_url=database_url, matchday_home=tmp_path, artifacts=folder)


@pytest.fixture
def registry(database: Database, tmp_path: Path) -> Registry:
    return Registry(database, tmp_path / "artifacts")


async def promote(client: httpx2.AsyncClient, name: str, version: int, **more: object) -> httpx2.Response:
    body = {"version": version, **WHY, **more}
    return await client.post(f"/api/models/{name}/promote", json=body, headers=OPS)


async def roll_back(client: httpx2.AsyncClient, name: str, **more: object) -> httpx2.Response:
    return await client.post(f"/api/models/{name}/rollback", json={**WHY, **more}, headers=OPS)


async def serving(database: Database) -> str | None:
    async with database.read() as conn:
        model = await active_model(conn, "football")
    return f"{model.name} {model.version}" if model else None


async def audit(client: httpx2.AsyncClient) -> list[dict[str, Any]]:
    return list((await client.get("/api/models/audit")).json()["items"])


async def test_a_promoted_version_serves_and_the_one_before_is_retired(
    client: httpx2.AsyncClient, registry: Registry
) -> None:
    before, wanted = await registry.deployed(), await registry.add_stack()
    answer = await promote(client, "ensemble", 1)
    assert answer.status_code == 200
    done = answer.json()
    assert (done["action"], done["model"]["id"], done["model"]["status"]) == ("promoted", wanted.id, "active")
    assert (done["before"], done["status_before"]) == ({"name": "elo_logit", "version": 1}, "candidate")
    assert done["artifact_checked"]
    assert await serving(registry.database) == "ensemble 1"
    async with registry.database.read() as conn:
        retired = await find_version(conn, "football", before.name, before.version)
    assert retired is not None
    assert (retired.status, retired.reason) == ("retired", "ensemble 1 serves now")


async def test_a_refused_version_is_promoted_and_it_is_said_and_written_down(
    client: httpx2.AsyncClient, registry: Registry
) -> None:
    await registry.refused()
    done = (await promote(client, "elo_logit", 1)).json()
    assert done["says"] == (
        "elo_logit 1 serves from now on; the gate had refused it: log loss 1.0700, must be below 1.05"
    )
    assert done["model"]["reason"] == f"promoted by ops: {WHY['reason']}"
    [change] = await audit(client)
    assert change["id"] == done["change_id"]
    assert (change["by"], change["action"], change["reason"]) == ("ops", "promoted", WHY["reason"])
    assert (change["model"], change["before"]) == ({"name": "elo_logit", "version": 1}, None)
    assert change["status_before"] == "refused"


async def test_rollbacks_go_further_back_until_nothing_is_left(
    client: httpx2.AsyncClient, registry: Registry
) -> None:
    for _ in range(3):
        await registry.deployed()
    answers = [await roll_back(client, "elo_logit") for _ in range(3)]
    assert [answer.json()["model"]["version"] for answer in answers[:2]] == [2, 1]
    assert (answers[2].status_code, answers[2].json()["type"]) == (409, "/problems/service-conflict")
    detail = "nothing is known to have served before elo_logit 1: promote a version"
    assert answers[2].json()["detail"] == detail


async def test_a_version_that_was_rolled_back_says_why(
    client: httpx2.AsyncClient, registry: Registry
) -> None:
    await registry.deployed()
    await registry.deployed()
    assert (await roll_back(client, "elo_logit")).status_code == 200
    away = (await client.get("/api/models/elo_logit/versions/2")).json()
    assert (away["status"], away["reason"]) == (
        "retired",
        f"rolled back: {WHY['reason']}; elo_logit 1 serves now",
    )
    assert [change["action"] for change in await audit(client)] == ["rolled_back", "deployed", "deployed"]


async def test_what_is_promoted_after_a_rollback_is_rolled_back_to_what_served_then(
    client: httpx2.AsyncClient, registry: Registry
) -> None:
    for _ in range(3):
        await registry.deployed()
    await roll_back(client, "elo_logit")
    await promote(client, "elo_logit", 3)
    await roll_back(client, "elo_logit")
    assert await serving(registry.database) == "elo_logit 2"


async def test_a_rollback_that_names_its_version_happens_once(
    client: httpx2.AsyncClient, registry: Registry
) -> None:
    for _ in range(3):
        await registry.deployed()
    answers = await asyncio.gather(*(roll_back(client, "elo_logit", version=3) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert await serving(registry.database) == "elo_logit 2"


async def test_only_the_model_in_service_is_rolled_back(
    client: httpx2.AsyncClient, registry: Registry
) -> None:
    none = await roll_back(client, "elo_logit")
    assert (none.status_code, none.json()["detail"]) == (409, "no football model is in service: promote one")
    await registry.deployed()
    await registry.deployed("ensemble", artifact=(registry.folder / registry.kept(b"{}")).read_bytes())
    other = await roll_back(client, "elo_logit")
    assert (other.status_code, other.json()["detail"]) == (
        409,
        "elo_logit is not in service, ensemble 1 is",
    )


async def test_what_cannot_be_promoted_is_refused_and_changes_nothing(
    client: httpx2.AsyncClient, registry: Registry
) -> None:
    await registry.deployed()
    await registry.add("market_logit", features=("market_home_log_odds", "strength_home_log_odds"))
    refused = {
        ("elo_logit", 1): (409, "elo_logit 1 is in service already"),
        ("elo_logit", 7): (404, "there is no football model elo_logit 7; GET /api/models lists them"),
        ("market_logit", 1): (
            409,
            "market_logit 1 has no answer to a match without odds and cannot serve alone: promote a stack "
            "that it is a member of",
        ),
    }
    for (name, version), expected in refused.items():
        answer = await promote(client, name, version)
        assert (answer.status_code, answer.json()["detail"]) == expected
    assert await serving(registry.database) == "elo_logit 1"
    assert len(await audit(client)) == 1


@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_bytes(b"other")])
async def test_a_stack_whose_member_is_lost_or_changed_is_not_promoted(
    client: httpx2.AsyncClient, registry: Registry, damage: Any
) -> None:
    await registry.deployed()
    await registry.add_stack()
    damage(registry.folder / registry.kept(b"member"))
    answer = await promote(client, "ensemble", 1)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/cannot-serve")
    assert "put its artifact back from a backup, or promote another version" in answer.json()["detail"]
    assert await serving(registry.database) == "elo_logit 1"


async def test_where_the_web_process_sees_no_artifacts_it_says_so(
    client: httpx2.AsyncClient, registry: Registry
) -> None:
    model = await registry.deployed()
    await registry.deployed(artifact=b"second")
    for file in registry.folder.iterdir():
        file.unlink()
    done = (await promote(client, model.name, model.version)).json()
    assert not done["artifact_checked"]
    assert "its artifact was not checked: the web process does not see the workers' folder" in done["says"]
    assert "does not see" in (await audit(client))[0]["artifact_unchecked"]


async def test_of_a_bucket_the_web_process_says_that_it_does_not_look(settings: Settings) -> None:
    from modeling.parts import check_from_here

    key_id, secret = ANY_KEYS
    values = {"artifacts": f"s3://{NAME}", "artifacts_region": REGION}
    keys = {"artifacts_access_key_id": key_id, "artifacts_secret_access_key": secret}
    location = override(settings, {**values, **keys}).artifact_location()
    assert "in a bucket" in str(await check_from_here(location, "elo_logit", "a" * 64))


@pytest.mark.parametrize(
    "body", [{"version": 1}, {"version": 1, "reason": ""}, {"version": "1", "reason": "x"}, {"reason": "x"}]
)
async def test_a_promotion_needs_a_version_and_a_reason(
    client: httpx2.AsyncClient, body: dict[str, object]
) -> None:
    assert (await client.post("/api/models/elo_logit/promote", json=body)).status_code == 422
