"""`matchday predictions` and `matchday picks`, against a real API."""

import json
from dataclasses import replace

from store.database import Database
from tests.app.test_predictions import (
    GOALS,
    PICK,
    picked,
    predicted,
    prediction,
    run_kept,
    store_matches,
)
from tests.cli.conftest import Command


async def test_predictions_are_shown_for_people_and_for_programs(
    matchday: Command, database: Database
) -> None:
    stored = await store_matches(database)
    await predicted(database, replace(prediction(stored), **GOALS))
    lines = matchday("predictions", "league", "D1").out.splitlines()
    assert lines[0].split()[:3] == ["match", "league", "kick-off"]
    assert lines[1].rstrip().endswith("home  1.7 - 0.9  51%       48%         1-1, 2-1, 1-0")
    [shown] = json.loads(matchday("predictions", "league", "D1", "--json").out)
    assert (shown["home_team"], shown["goals"]["home"]) == ("Bayern", 1.7)


async def test_a_match_is_shown_with_its_picks(matchday: Command, database: Database) -> None:
    stored = await store_matches(database)
    await predicted(database, prediction(stored))
    await picked(database, stored, replace(PICK, match_id=stored.coming))
    out = matchday("predictions", "match", stored.coming).out
    assert "ensemble 1, as of 2020-05-20 00:00" in out
    assert PICK.why in out


async def test_picks_are_shown_with_their_reason(matchday: Command, database: Database) -> None:
    stored = await store_matches(database)
    await picked(database, stored, replace(PICK, match_id=stored.coming))
    await picked(database, stored, replace(PICK, match_id=stored.started))
    shown = matchday("picks", "--league", "D1")
    assert "Bayern - Stuttgart  +5.0%  11.36  home win at 2.10 with bet365" in shown.out
    assert "Mainz" not in shown.out
    since = matchday("picks", "--from", "2020-05-01T00:00:00Z", "--limit", "1", "--json")
    assert len(json.loads(since.out)["items"]) == 1


async def test_runs_are_shown(matchday: Command, database: Database) -> None:
    async with database.transaction() as conn:
        await run_kept(conn, 1)
    assert matchday("predictions", "runs").out.splitlines()[1].split()[:3] == ["1", "2020-05-20", "00:00"]


def test_an_unknown_match_is_refused(matchday: Command) -> None:
    ran = matchday("predictions", "match", 7)
    assert (ran.code, ran.out) == (1, "")
    assert "there is no match 7" in ran.err
