"""Matches are stored once, corrected in place, and read as of a moment."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from store.database import Database
from store.matches import (
    NewMatch,
    Upserted,
    count_matches,
    data_age,
    match_history,
    replay_moment,
    upsert_matches,
)

pytestmark = pytest.mark.anyio

KICKOFF = datetime(2021, 8, 14, 14, tzinfo=UTC)
PLAYED = NewMatch(
    league_code="E0",
    season="2021-22",
    kickoff_at=KICKOFF,
    kickoff_time_known=True,
    home_team="Leeds",
    away_team="Everton",
    home_goals=2,
    away_goals=1,
    result_known_at=KICKOFF + timedelta(hours=2),
    source="test",
)
FIXTURE = replace(PLAYED, home_goals=None, away_goals=None, result_known_at=None)


async def stored(database: Database, *rows: NewMatch) -> Upserted:
    async with database.transaction() as conn:
        return await upsert_matches(conn, rows)


async def scores(database: Database) -> list[tuple[int | None, int | None]]:
    async with database.read() as conn:
        history = await match_history(conn, until=datetime(2100, 1, 1, tzinfo=UTC))
    return [(row.home_goals, row.away_goals) for row in history]


async def test_the_same_matches_again_change_nothing(database: Database) -> None:
    rows = [PLAYED, replace(FIXTURE, home_team="Leeds", away_team="Burnley")]
    assert await stored(database, *rows) == Upserted(2, 0, 0)
    assert await stored(database, *rows) == Upserted(0, 0, 2)


async def test_a_corrected_score_updates_its_match(database: Database) -> None:
    await stored(database, PLAYED)
    assert await stored(database, replace(PLAYED, away_goals=2)) == Upserted(0, 1, 0)
    assert await scores(database) == [(2, 2)]


async def test_a_fixture_gets_its_result(database: Database) -> None:
    await stored(database, FIXTURE)
    assert await stored(database, PLAYED) == Upserted(0, 1, 0)
    assert await scores(database) == [(2, 1)]


async def test_a_late_list_of_fixtures_does_not_erase_a_result(database: Database) -> None:
    await stored(database, PLAYED)
    assert await stored(database, FIXTURE) == Upserted(0, 0, 1)
    assert await scores(database) == [(2, 1)]


async def test_a_postponed_fixture_is_moved_not_doubled(database: Database) -> None:
    await stored(database, FIXTURE)
    later = KICKOFF + timedelta(days=30)
    await stored(database, replace(PLAYED, kickoff_at=later, result_known_at=later + timedelta(hours=2)))
    assert await scores(database) == [(2, 1)]


async def test_the_second_meeting_of_a_pair_is_a_match_of_its_own(database: Database) -> None:
    later = KICKOFF + timedelta(days=200)
    again = replace(PLAYED, kickoff_at=later, result_known_at=later + timedelta(hours=2))
    assert (await stored(database, PLAYED, again)).inserted == 2


async def test_history_ends_with_the_moment_asked_for(database: Database) -> None:
    after = replace(FIXTURE, away_team="Burnley", kickoff_at=KICKOFF + timedelta(days=8))
    await stored(database, PLAYED, after)
    async with database.read() as conn:
        history = await match_history(conn, until=KICKOFF + timedelta(days=7))
        none = await match_history(conn, until=KICKOFF + timedelta(days=30), league_codes=["D1"])
    assert [row.away_team for row in history] == ["Everton"]
    assert none == []


async def test_the_replay_moment_is_three_quarters_through_the_last_season(database: Database) -> None:
    old = replace(
        PLAYED,
        season="2020-21",
        kickoff_at=KICKOFF - timedelta(days=300),
        result_known_at=KICKOFF - timedelta(days=299),
    )
    season = [
        replace(
            PLAYED,
            away_team=f"Team {n}",
            kickoff_at=KICKOFF + timedelta(days=n),
            result_known_at=KICKOFF + timedelta(days=n, hours=2),
        )
        for n in range(8)
    ]
    to_come = replace(FIXTURE, season="2022-23", kickoff_at=KICKOFF + timedelta(days=365))
    async with database.read() as conn:
        assert await replay_moment(conn) is None
    await stored(database, old, *season, to_come)
    async with database.read() as conn:
        assert await replay_moment(conn) == KICKOFF + timedelta(days=6) - timedelta(hours=1)
        assert await replay_moment(conn, ["D1"]) is None


async def test_the_age_of_the_data_is_that_of_the_newest_result(database: Database) -> None:
    await stored(
        database, PLAYED, replace(FIXTURE, away_team="Burnley", kickoff_at=KICKOFF + timedelta(days=1))
    )
    async with database.read() as conn:
        age = await data_age(conn)
        assert await count_matches(conn) == 2
    assert age.newest_kickoff_at == KICKOFF + timedelta(days=1)
    assert age.newest_result_at == KICKOFF + timedelta(hours=2)


@pytest.mark.parametrize(
    ("stored_days", "named_days", "then"),
    [
        ([9], [20], [20]),  # moved
        ([9, 20], [10, 20], [10, 20]),  # one of two moved
        ([9, 20], [20, 28], [20, 28]),
        ([9], [9, 20], [9, 20]),  # a second meeting is announced
        ([20], [9, 20], [9, 20]),
        ([9, 20], [25], [9, 20, 25]),  # which of the two was moved cannot be known
    ],
)
async def test_of_two_meetings_in_a_season_only_the_moved_one_moves(
    database: Database, stored_days: list[int], named_days: list[int], then: list[int]
) -> None:
    def on(day: int) -> NewMatch:
        return replace(FIXTURE, kickoff_at=KICKOFF + timedelta(days=day))

    await stored(database, *map(on, stored_days))
    await stored(database, *map(on, named_days))
    async with database.read() as conn:
        history = await match_history(conn, until=datetime(2100, 1, 1, tzinfo=UTC))
    assert [(row.kickoff_at - KICKOFF).days for row in history] == then
    assert all(row.match_id for row in history)


async def test_a_late_fixture_with_another_time_does_not_touch_a_played_match(database: Database) -> None:
    await stored(database, PLAYED)
    later = replace(FIXTURE, kickoff_at=KICKOFF + timedelta(hours=6))
    assert await stored(database, later) == Upserted(0, 0, 1)


async def test_a_source_that_knows_only_the_day_keeps_the_known_time(database: Database) -> None:
    await stored(database, FIXTURE)
    noon = KICKOFF.replace(hour=11)
    only_day = replace(
        PLAYED, kickoff_at=noon, kickoff_time_known=False, result_known_at=noon + timedelta(days=1)
    )
    assert await stored(database, only_day) == Upserted(0, 1, 0)
    assert await stored(database, only_day) == Upserted(0, 0, 1)
    async with database.read() as conn:
        (row,) = await match_history(conn, until=datetime(2100, 1, 1, tzinfo=UTC))
    assert (row.kickoff_at, row.home_goals) == (KICKOFF, 2)
