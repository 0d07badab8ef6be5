"""Seasons: by the calendar, also the one that ended in August."""

from collections import defaultdict
from datetime import date

import pytest

from providers.seasons import season_name, season_of
from tests.sports.league import needs_shared_data, six_leagues


@pytest.mark.parametrize(
    ("league", "day", "season"),
    [
        ("E0", date(2018, 8, 10), "2018-19"),
        ("E0", date(2019, 5, 12), "2018-19"),
        ("B1", date(2021, 7, 23), "2021-22"),
        ("E0", date(2019, 6, 30), "2018-19"),
        ("E0", date(2020, 7, 26), "2019-20"),
        ("I1", date(2020, 8, 2), "2019-20"),
        ("SC0", date(2020, 8, 1), "2020-21"),
        ("B1", date(2020, 8, 8), "2020-21"),
        ("E0", date(1999, 12, 26), "1999-00"),
    ],
)
def test_a_day_belongs_to_one_season(league: str, day: date, season: str) -> None:
    assert season_of(league, day) == season


def test_a_season_is_named_by_both_its_years() -> None:
    assert season_name(2008) == "2008-09"
    assert season_name(1999) == "1999-00"


@needs_shared_data
def test_every_real_file_is_of_one_season() -> None:
    spans = defaultdict(set)
    for league, season, kickoff in six_leagues()[["league_code", "season", "kickoff_at"]].itertuples(
        index=False
    ):
        spans[league, season].add(kickoff.date())
    assert len(spans) == 78
    assert max((max(days) - min(days)).days for days in spans.values()) < 366
