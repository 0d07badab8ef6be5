"""`matchday models`: against a real API, on a registry with two versions that served."""

import asyncio
import json
from pathlib import Path

import pytest

from store.database import Database
from tests.app.registry import Registry
from tests.cli.conftest import Command

WHY = ("--reason", "odd draws")


@pytest.fixture
def two_that_served(database_url: str, clean_database: None, tmp_path: Path) -> None:
    asyncio.run(_two_that_served(database_url, tmp_path))


async def _two_that_served(database_url: str, folder: Path) -> None:
    database = Database(database_url, process="test")
    for _ in range(2):
        await Registry(database, folder).deployed()
    await database.close()


def test_models_are_listed_for_people_and_for_programs(two_that_served: None, matchday: Command) -> None:
    [latest, first] = json.loads(matchday("models", "--json").out)["items"]
    assert (latest["version"], latest["status"], first["status"]) == (2, "active", "retired")
    lines = [line.split() for line in matchday("models").out.splitlines()]
    assert lines[1][:3] == ["elo_logit", "2", "active"]
    versions = matchday("models", "versions", "elo_logit", "--limit", 1)
    assert versions.out.splitlines()[1].split()[:2] == ["2", "active"]
    assert "there are older ones: --cursor" in versions.err


def test_one_version_is_shown(two_that_served: None, matchday: Command) -> None:
    out = matchday("models", "show", "elo_logit", 1).out
    assert "elo_difference 75%" in out
    assert "elo_logit 2 serves now" in out


def test_a_rollback_and_a_promotion_are_told_and_audited(two_that_served: None, matchday: Command) -> None:
    back = matchday("models", "rollback", "elo_logit", *WHY, "--version", 2)
    assert (back.code, back.out) == (0, "")
    assert "elo_logit 1 serves from now on in the place of elo_logit 2" in back.err
    again = json.loads(matchday("models", "promote", "elo_logit", 2, *WHY, "--json").out)
    assert again["model"]["status"] == "active"
    lines = [line.split() for line in matchday("models", "audit").out.splitlines()[1:3]]
    assert [line[3] for line in lines] == ["promoted", "rolled"]
    assert all(line[-2:] == ["odd", "draws"] for line in lines)


def test_what_the_registry_does_not_allow_is_one_line(two_that_served: None, matchday: Command) -> None:
    for arguments in (
        ("promote", "elo_logit", 2, *WHY),
        ("rollback", "random_forest", *WHY),
        ("show", "x", 1),
    ):
        ran = matchday("models", *arguments)
        assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert matchday("models", "promote", "elo_logit", 2).code == 2


def test_before_the_first_training_there_is_nothing(matchday: Command) -> None:
    assert matchday("models", "trainings").out.split()[:2] == ["id", "job"]
    assert json.loads(matchday("models", "trainings", "--json").out) == {"items": [], "next_cursor": None}
