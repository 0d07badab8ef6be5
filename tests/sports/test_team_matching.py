"""A provider's name is found exactly or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sports.football.team_matching import TeamMatcher

ENGLAND = ("Arsenal", "Brighton & Hove Albion", "Manchester City", "Manchester United", "Wimbledon")
MATCHER = TeamMatcher(ENGLAND, {"The Gunners": "Arsenal"})


@pytest.mark.parametrize(
    ("name", "team"),
    [
        ("Arsenal", "Arsenal"),
        ("arsenal ", "Arsenal"),
        ("Arsenal FC", "Arsenal"),
        ("Brighton and Hove Albion FC", None),
        ("Brighton and Hove Albion", "Brighton & Hove Albion"),
        ("Man Utd", "Manchester United"),
        ("The Gunners", "Arsenal"),
        ("Luton", "Luton Town"),
    ],
)
def test_names_that_are_known_are_found(name: str, team: str | None) -> None:
    assert MATCHER.find(name) == team


@pytest.mark.parametrize("name", ["Manchester", "Arsenal Ladies", "AFC Wimbledon", "Arsenl", "FC", ""])
def test_what_is_only_similar_is_nobody(name: str) -> None:
    assert MATCHER.find(name) is None


def test_two_teams_that_differ_by_nothing_but_their_form_are_told_apart() -> None:
    both = TeamMatcher(["Paris", "Paris FC"], {})
    assert [both.find(name) for name in ("Paris", "Paris FC", "FC Paris")] == ["Paris", "Paris FC", None]


def test_people_get_the_most_similar_names() -> None:
    assert MATCHER.suggest("Manchester Utd FC")[0].team == "Manchester United"
    assert MATCHER.suggest("Zzyzx") == []


@given(st.text(max_size=60), st.sampled_from(ENGLAND))
def test_letters_more_or_less_make_another_name(letters: str, team: str) -> None:
    longer = f"{team} q{letters}"
    assert MATCHER.find(longer) is None
    assert all(0 <= one.score <= 100 for one in MATCHER.suggest(longer))
