"""The shipped Bundesliga: every row is a match or refused."""

from collections import Counter
from datetime import UTC, datetime

from providers import rdatasets
from providers.rows import MatchRow, MatchStatus

BATCH = rdatasets.fetch()


def test_all_but_the_two_rows_without_a_date_are_matches() -> None:
    assert len(BATCH.matches) == 14_016
    assert [(row.line, row.reason) for row in BATCH.rejected] == [
        (10_804, "the date is missing"),
        (10_805, "the date is missing"),
    ]
    assert BATCH.rejected[0].raw["HomeTeam"] == "Hansa Rostock"
    assert BATCH.rejected[0].raw["Year"] == "1998"


def test_the_first_match_is_typed() -> None:
    assert BATCH.matches[0] == MatchRow(
        league_code="D1",
        season="1963-64",
        kickoff_at=datetime(1963, 8, 24, 14, 30, tzinfo=UTC),
        kickoff_time_known=True,
        home_team="Werder Bremen",
        away_team="Borussia Dortmund",
        home_goals=3,
        away_goals=2,
        status=MatchStatus.PLAYED,
    )


def test_a_match_is_there_once_and_in_its_season() -> None:
    matches = Counter((row.home_team, row.away_team, row.season) for row in BATCH.matches)
    assert max(matches.values()) == 1
    assert all(
        row.season[:4] in (str(row.kickoff_at.year), str(row.kickoff_at.year - 1)) for row in BATCH.matches
    )
