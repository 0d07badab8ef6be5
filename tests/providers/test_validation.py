"""What no row of its kind can say is moved to the rejected ones, with the reason; everything else stays."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from time import process_time
from typing import Any

import pytest

from providers import football_data, rdatasets
from providers.rows import (
    LineupPlayer,
    LineupRow,
    Market,
    MatchBatch,
    MatchRow,
    MatchStatus,
    OddsRow,
    PlayerStatRow,
    RejectedRow,
    Side,
    TeamStatisticRow,
)
from providers.validation import validated
from tests.sports.league import SHARED, needs_shared_data

KICKOFF = datetime(2026, 5, 1, 19, tzinfo=UTC)
ODDS = OddsRow(
    "pinnacle",
    Market.MATCH_RESULT,
    None,
    (Decimal("1.95"), Decimal("3.6"), Decimal("4.1")),
    False,
    KICKOFF - timedelta(days=1),
)
TOTALS = replace(
    ODDS, market=Market.OVER_UNDER, line=Decimal("2.5"), prices=(Decimal("1.87"), Decimal("1.99"))
)
MATCH = MatchRow(
    league_code="E0",
    season="2025-26",
    kickoff_at=KICKOFF,
    kickoff_time_known=True,
    home_team="Arsenal",
    away_team="Chelsea",
    home_goals=2,
    away_goals=1,
    status=MatchStatus.PLAYED,
    half_time_home_goals=1,
    half_time_away_goals=1,
    odds=(ODDS, TOTALS),
)
FIXTURE = replace(
    MATCH,
    status=MatchStatus.SCHEDULED,
    home_goals=None,
    away_goals=None,
    half_time_home_goals=None,
    half_time_away_goals=None,
)
PLAYERS = tuple(
    LineupPlayer(str(number), f"Player {number}", number < 11, None, None) for number in range(15)
)
LINEUP = LineupRow("1", Side.HOME, "Arsenal", "57", KICKOFF, PLAYERS)
STATS = PlayerStatRow("1", Side.HOME, "Arsenal", "9", "Player 9", 90, 2, None, 3, 2, 1, 0, 7.4)
FIGURE = TeamStatisticRow("1", Side.HOME, "Arsenal", "possession", 58.0)
EARLIER = RejectedRow("source", "file", 3, "broken", {})


def reason_of(**rows: Any) -> str:
    """Of the one row that fails beside good ones of its kind."""
    ((kind, bad),) = rows.items()
    goods = {"matches": MATCH, "lineups": LINEUP, "player_stats": STATS, "team_statistics": FIGURE}
    good, batch = goods[kind], MatchBatch([], [EARLIER])
    getattr(batch, kind).extend([good, *bad, good])
    checked = validated(batch, "source")
    assert getattr(checked, kind) == [good, good]
    earlier, refused = checked.rejected
    assert (earlier, refused.source, refused.line) == (EARLIER, "source", 0)
    return refused.reason


def test_good_rows_of_all_kinds_stay_as_they_are() -> None:
    batch = MatchBatch([MATCH, FIXTURE], [EARLIER], [LINEUP], [STATS], [FIGURE])
    assert validated(batch, "source") == batch


def test_nothing_stays_nothing() -> None:
    assert validated(MatchBatch([], []), "source") == MatchBatch([], [])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"league_code": "premier league"}, "no code of a league"),
        ({"season": "2025"}, "no name of a season"),
        ({"kickoff_at": KICKOFF.replace(tzinfo=None)}, "a moment is not in UTC"),
        ({"kickoff_at": KICKOFF.astimezone(timezone(timedelta(hours=2)))}, "a moment is not in UTC"),
        ({"kickoff_at": KICKOFF.replace(year=1066)}, "a moment is out of all bounds"),
        ({"home_team": ""}, "a name is missing or too long"),
        ({"away_team": "x" * 61}, "a name is missing or too long"),
        ({"away_team": "Arsenal"}, "a team plays against itself"),
        ({"home_goals": 37}, "goals are not from 0 to 36"),
        ({"away_goals": -1}, "goals are not from 0 to 36"),
        ({"away_goals": None, "status": MatchStatus.AWARDED}, "half a score"),
        ({"half_time_home_goals": 3}, "more goals at half-time than at the end"),
        ({"status": MatchStatus.SCHEDULED}, "a score of a match that is not over"),
        ({"status": MatchStatus.IN_PLAY}, "a score of a match that is not over"),
        ({"home_goals": None, "away_goals": None}, "played without a score"),
    ],
)
def test_a_match_that_cannot_be_is_rejected(changes: dict[str, Any], reason: str) -> None:
    assert reason_of(matches=[replace(MATCH, **changes)]) == reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bookmaker": ""}, "a name is missing or too long"),
        ({"known_at": KICKOFF.replace(tzinfo=None)}, "a moment is not in UTC"),
        ({"known_at": KICKOFF + timedelta(seconds=1)}, "odds from after kick-off"),
        ({"prices": TOTALS.prices}, "not as many prices"),
        ({"line": Decimal("2.5")}, "a line is missing or too many"),
        ({"prices": (None, None, None)}, "no price"),
        ({"prices": (Decimal("1"), None, None)}, "odds that are not above 1 and at most 1000"),
        ({"prices": (Decimal("1001"), None, None)}, "odds that are not above 1 and at most 1000"),
        ({"prices": (Decimal("9"),) * 3}, "inverse odds that add up to nothing like 1"),
        ({"prices": (Decimal("1.5"),) * 3}, "inverse odds that add up to nothing like 1"),
    ],
)
def test_odds_that_cannot_be_are_rejected_and_the_match_stays(changes: dict[str, Any], reason: str) -> None:
    batch = MatchBatch([replace(MATCH, odds=(replace(ODDS, **changes), TOTALS)), FIXTURE], [])
    checked = validated(batch, "source")
    assert checked.matches == [replace(MATCH, odds=(TOTALS,)), FIXTURE]
    assert [(row.file, row.reason) for row in checked.rejected] == [
        ("E0 Arsenal - Chelsea 2026-05-01", reason)
    ]


@pytest.mark.parametrize("changes", [{"line": None}, {"line": Decimal(0)}])
def test_over_and_under_need_a_line(changes: dict[str, Any]) -> None:
    checked = validated(MatchBatch([replace(MATCH, odds=(replace(TOTALS, **changes),))], []), "source")
    assert (checked.matches[0].odds, len(checked.rejected)) == ((), 1)


def test_odds_without_every_price_stay() -> None:
    batch = MatchBatch([replace(MATCH, odds=(replace(ODDS, prices=(Decimal("9"), None, None)),))], [])
    assert validated(batch, "source") == batch


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"players": PLAYERS[:6]}, "not 7 to 11 starters"),
        ({"players": tuple(replace(player, is_starter=True) for player in PLAYERS)}, "not 7 to 11 starters"),
        ({"players": (*PLAYERS, PLAYERS[14])}, "a player stands there twice"),
        ({"known_at": KICKOFF.replace(tzinfo=None)}, "a moment is not in UTC"),
    ],
)
def test_a_team_sheet_that_cannot_be_is_rejected(changes: dict[str, Any], reason: str) -> None:
    assert reason_of(lineups=[replace(LINEUP, **changes)]) == reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"minutes": 151}, "minutes are not from 0 to 150"),
        ({"goals": -1}, "goals are not from 0 to 36"),
        ({"red_cards": 2}, "red cards are not from 0 to 1"),
        ({"rating": 10.5}, "a rating is not from 0 to 10"),
        ({"shots_on_target": 4}, "more shots on target than shots"),
        ({"player": ""}, "a name is missing or too long"),
    ],
)
def test_what_no_player_does_is_rejected(changes: dict[str, Any], reason: str) -> None:
    assert reason_of(player_stats=[replace(STATS, **changes)]) == reason


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (-1.0, "a figure not from 0 to 10000"),
        (float("nan"), "a figure not from 0 to 10000"),
        (101.0, "possession of more than 100 per cent"),
    ],
)
def test_what_no_team_does_is_rejected(value: float, reason: str) -> None:
    assert reason_of(team_statistics=[replace(FIGURE, value=value)]) == reason


def test_the_shipped_matches_are_all_good() -> None:
    batch = rdatasets.fetch()
    assert validated(batch, "rdatasets") == batch


@needs_shared_data
def test_27_000_real_matches_with_their_odds_are_looked_at_in_seconds() -> None:
    batch = football_data.read(str(SHARED / "data" / "football"), "Europe/Paris")
    began = process_time()
    checked = validated(batch, "football_data")
    assert process_time() - began < 5
    assert checked == batch
