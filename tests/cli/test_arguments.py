"""What is typed becomes what the API takes, or one line that says what is wrong."""

from datetime import UTC, datetime

import pytest

from cli.arguments import job_params, moment
from cli.failures import WrongUsage

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("14", 14),
        ("false", False),
        ("null", None),
        ('["D1","E0"]', ["D1", "E0"]),
        ("last_season", "last_season"),
        ("2009-04-04T12:00:00Z", "2009-04-04T12:00:00Z"),
        ("a=b", "a=b"),
        ("", ""),
        ("NaN", "NaN"),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_a_value_is_json_where_it_is_json(typed: str, value: object) -> None:
    assert job_params([f"name={typed}"], None) == {"name": value}


def test_single_parameters_win_over_the_whole_object() -> None:
    assert job_params(["b=3"], '{"a": 1, "b": 2}') == {"a": 1, "b": 3}


@pytest.mark.parametrize("pairs", [["name"], ["=1"], ["a=1", "a=2"]])
def test_parameters_that_are_no_pairs_are_wrong_usage(pairs: list[str]) -> None:
    with pytest.raises(WrongUsage, match="--param"):
        job_params(pairs, None)


@pytest.mark.parametrize("whole", ["", "{", "[1]", '"text"', '{"a": NaN}', '{"a": Infinity}', "[" * 100_000])
def test_an_object_that_is_none_is_wrong_usage(whole: str) -> None:
    with pytest.raises(WrongUsage, match="--params"):
        job_params([], whole)


@pytest.mark.parametrize(
    ("typed", "ago", "meant"),
    [
        ("2026-04-01T00:00:00Z", True, "2026-04-01T00:00:00+00:00"),
        ("2026-04-01T00:00:00+02:00", False, "2026-04-01T00:00:00+02:00"),
        ("30m", False, "2026-05-01T12:30:00+00:00"),
        ("2d", True, "2026-04-29T12:00:00+00:00"),
    ],
)
def test_times_are_moments_or_periods(typed: str, ago: bool, meant: str) -> None:
    assert moment("--since", typed, now=NOW, ago=ago) == meant


@pytest.mark.parametrize("typed", ["yesterday", "2026-04-01", "2026-04-01T00:00:00", "5w", "", "999999d"])
def test_times_without_meaning_are_wrong_usage(typed: str) -> None:
    with pytest.raises(WrongUsage, match="--since"):
        moment("--since", typed, now=NOW, ago=True)
