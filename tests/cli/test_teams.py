"""`matchday teams` against a real API."""

import json

import psycopg
import pytest

from tests.cli.conftest import Command

CONFIRM = ("teams", "confirm", "sportmonks", "E0", "Spurs London", "Tottenham Hotspur")


@pytest.fixture
def waiting(database_url: str, clean_database: None) -> None:
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute(
            "insert into unmatched_teams (source, league_code, name, suggestions, job_id) values"
            """ ('sportmonks', 'E0', 'Spurs London', '[{"team": "Tottenham Hotspur", "score": 57.1}]', 1)"""
        )


def test_a_name_is_shown_confirmed_and_forgotten(waiting: None, matchday: Command) -> None:
    shown = matchday("teams", "unmatched")
    assert "Tottenham Hotspur (57)" in shown.out
    assert json.loads(matchday("teams", "unmatched", "--json").out)["items"][0]["name"] == "Spurs London"
    unknown = matchday(*CONFIRM)
    assert (unknown.code, "is_new" in unknown.err) == (1, True)
    confirmed = matchday(*CONFIRM, "--new")
    assert (confirmed.code, confirmed.out) == (0, "")
    assert "Spurs London of sportmonks is Tottenham Hotspur (England)" in confirmed.err
    assert json.loads(matchday("teams", "unmatched", "--json").out)["items"] == []
    [alias] = json.loads(matchday("teams", "aliases", "--json").out)["items"]
    assert "Tottenham Hotspur" in matchday("teams", "aliases").out
    assert matchday("teams", "forget", alias["id"]).code == 0
    assert matchday("teams", "forget", alias["id"]).code == 1
