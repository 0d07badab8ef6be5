"""Team names: one display name for every spelling of a club."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sports.football.clubs import CLUBS
from sports.football.leagues import league_name
from sports.football.teams import team_key, team_name
from tests.sports.league import bundesliga, needs_shared_data, six_leagues

SPELLINGS = [(spelling, club) for club, aliases in CLUBS.items() for spelling in (club, *aliases)]


@given(st.text())
def test_naming_twice_is_naming_once(raw: str) -> None:
    assert team_name(team_name(raw)) == team_name(raw)


@given(st.sampled_from(SPELLINGS))
def test_case_space_and_punctuation_do_not_hide_a_club(pair: tuple[str, str]) -> None:
    spelling, club = pair
    assert team_name(f"  {spelling.upper().replace('SS', 'ss').replace(' ', '   ')}") == club


def test_no_spelling_belongs_to_two_clubs() -> None:
    clubs_of: dict[str, set[str]] = {}
    for spelling, club in SPELLINGS:
        clubs_of.setdefault(team_key(spelling), set()).add(club)
    assert [clubs for clubs in clubs_of.values() if len(clubs) > 1] == []


@pytest.mark.parametrize(
    "spellings",
    [
        ("Man United", "Manchester United", "MAN UTD"),
        ("Nott'm Forest", "Nottingham Forest", "Nott\u2019m Forest"),
        ("M'gladbach", "Borussia Moenchengladbach", "Borussia Mo\u0308nchengladbach", "B. Monchengladbach"),
        ("1. FC Koeln", "FC Koln", "1. FC Köln"),
        ("Bayern Munich", "Bayern Muenchen"),
    ],
)
def test_every_spelling_has_the_same_name(spellings: tuple[str, ...]) -> None:
    assert len({team_name(spelling) for spelling in spellings}) == 1


def test_an_unknown_club_keeps_its_tidied_name() -> None:
    assert team_name("  Real \t Unknown ") == "Real Unknown"


def test_two_clubs_of_one_town_stay_two() -> None:
    assert team_name("1. FC Koeln") != team_name("Fortuna Koeln")
    assert team_name("VfB Leipzig") != team_name("RB Leipzig")


@needs_shared_data
def test_the_bundesliga_before_and_after_2009_is_of_the_same_clubs() -> None:
    old, new = bundesliga(), six_leagues()
    last_old = set(old.loc[old["season"] == "2008-09", "home_team"])
    first_new = set(new.loc[(new["season"] == "2009-10") & (new["league_code"] == "D1"), "home_team"])
    # Three were relegated and three promoted.
    assert len(last_old & first_new) == 15


@needs_shared_data
def test_no_real_season_has_a_club_under_two_names() -> None:
    matches = six_leagues()
    five = matches[matches["league_code"] != "B1"]
    assert five.groupby(["league_code", "season"])["home_team"].nunique().max() <= 23
    assert (matches["home_team"] != matches["away_team"]).all()


def test_a_league_without_a_name_goes_by_its_code() -> None:
    assert league_name("D1") == "Bundesliga"
    assert league_name("XX1") == "XX1"
