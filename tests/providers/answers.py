"""What providers answer, in the shape of their documentation; small enough to be changed by a test."""

import json
from typing import Any

Json = dict[str, Any]


def as_body(answer: object) -> bytes:
    return json.dumps(answer).encode()


def org_match(**changes: Any) -> Json:
    """A match of Football-Data.org v4."""
    return {
        "id": 538122,
        "competition": {"id": 2021, "name": "Premier League", "code": "PL", "type": "LEAGUE"},
        "utcDate": "2026-05-01T19:00:00Z",
        "status": "TIMED",
        "matchday": 34,
        "homeTeam": {"id": 57, "name": "Arsenal FC", "tla": "ARS"},
        "awayTeam": {"id": 61, "name": "Chelsea FC", "tla": "CHE"},
        "score": org_score(),
        "odds": {"msg": "Activate Odds-Package in User-Panel to retrieve odds."},
        "referees": [],
        **changes,
    }


def org_score(
    full: tuple[int, int] | None = None, half: tuple[int, int] | None = None, **changes: Any
) -> Json:
    def both(goals: tuple[int, int] | None) -> Json:
        return {"home": goals[0] if goals else None, "away": goals[1] if goals else None}

    return {"winner": None, "duration": "REGULAR", "fullTime": both(full), "halfTime": both(half), **changes}


def org_answer(*matches: Json) -> Json:
    return {
        "filters": {"permission": "TIER_ONE"},
        "resultSet": {"count": len(matches)},
        "matches": [*matches],
    }


def odds_market(key: str, prices: list[Json], **changes: Any) -> Json:
    return {"key": key, "last_update": "2026-04-30T09:53:06Z", "outcomes": prices, **changes}


def h2h(*, home: float = 1.95, draw: float = 3.6, away: float = 4.1, **changes: Any) -> Json:
    """The outcomes come by name, the draw last."""
    prices = [("Chelsea", away), ("Tottenham", home), ("Draw", draw)]
    return odds_market("h2h", [{"name": name, "price": price} for name, price in prices], **changes)


def totals(line: float = 2.5, over: float = 1.87, under: float = 1.99, **changes: Any) -> Json:
    prices = [
        {"name": "Under", "price": under, "point": line},
        {"name": "Over", "price": over, "point": line},
    ]
    return odds_market("totals", prices, **changes)


def bookmaker(*markets: Json, **changes: Any) -> Json:
    about = {"key": "pinnacle", "title": "Pinnacle", "last_update": "2026-04-30T09:53:06Z"}
    return {**about, "markets": [*markets], **changes}


def odds_event(*bookmakers: Json, **changes: Any) -> Json:
    """An event of The Odds API v4."""
    return {
        "id": "e912304de2b2ce35b473ce2ecd3d1502",
        "sport_key": "soccer_epl",
        "sport_title": "EPL",
        "commence_time": "2026-05-01T19:00:00Z",
        "home_team": "Tottenham",
        "away_team": "Chelsea",
        "bookmakers": [*bookmakers],
        **changes,
    }


def scored_event(**changes: Any) -> Json:
    event = odds_event()
    del event["bookmakers"]
    scores = [{"name": "Chelsea", "score": "1"}, {"name": "Tottenham", "score": "2"}]
    return {**event, "completed": True, "scores": scores, "last_update": "2026-05-01T21:05:00Z", **changes}


def monks_score(description: str, home: int, away: int) -> list[Json]:
    return [
        {"description": description, "score": {"goals": goals, "participant": side}}
        for side, goals in (("home", home), ("away", away))
    ]


def monks_player(number: int, team: int, *details: tuple[int, float], **changes: Any) -> Json:
    return {
        "id": number,
        "fixture_id": 18533878,
        "player_id": number,
        "team_id": team,
        "position_id": 25,
        "type_id": 11,
        "player_name": f"Player {number}",
        "jersey_number": number % 100,
        "details": [{"type_id": kind, "data": {"value": value}} for kind, value in details],
        **changes,
    }


def monks_eleven(team: int) -> list[Json]:
    return [monks_player(100 * team + number, team) for number in range(11)]


def monks_fixture(**changes: Any) -> Json:
    """A finished fixture of SportMonks v3 with what the includes add."""
    return {
        "id": 18533878,
        "league_id": 8,
        "state_id": 5,
        "name": "Liverpool vs Arsenal",
        "starting_at": "2026-05-01 19:00:00",
        "starting_at_timestamp": 1777662000,
        "placeholder": False,
        "state": {"id": 5, "state": "FT", "developer_name": "FT"},
        "participants": [
            {"id": 19, "name": "Arsenal", "meta": {"location": "away", "winner": False}},
            {"id": 8, "name": "Liverpool", "meta": {"location": "home", "winner": False}},
        ],
        "scores": [
            *monks_score("CURRENT", 2, 2),
            *monks_score("1ST_HALF", 2, 1),
            *monks_score("2ND_HALF", 2, 2),
        ],
        "lineups": [*monks_eleven(8), *monks_eleven(19)],
        "statistics": [
            {"type_id": 34, "participant_id": 8, "data": {"value": 7}, "location": "home"},
            {"type_id": 45, "participant_id": 19, "data": {"value": 41.5}, "location": "away"},
        ],
        **changes,
    }


def monks_page(*fixtures: Json, **changes: Any) -> Json:
    return {
        "data": [*fixtures],
        "rate_limit": {"resets_in_seconds": 3600, "remaining": 2999, "requested_entity": "Fixture"},
        "timezone": "UTC",
        **changes,
    }
