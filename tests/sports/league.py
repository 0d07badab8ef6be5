"""Matches to test with: an invented league, and the real ones where they are at hand."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from providers import football_data, rdatasets
from providers.rows import MatchRow
from sports.football.teams import team_name

SHARED = Path(__file__).parents[3] / "shared"
needs_shared_data = pytest.mark.skipif(
    not (SHARED / "data" / "football").is_dir(), reason="needs ../shared/data/football beside the repository"
)
COLUMNS = (
    *("league_code", "season", "kickoff_at", "kickoff_time_known"),
    *("home_team", "away_team", "home_goals", "away_goals"),
)
FIRST_DAY = datetime(2015, 8, 1, 15, tzinfo=UTC)


def invented_league(clubs: int = 10, seasons: int = 2, seed: int = 7) -> pd.DataFrame:
    """Everybody plays everybody at home and away each season; club 0 is the strongest of them."""
    random = np.random.default_rng(seed)
    rows = []
    for season in range(seasons):
        pairs = [(home, away) for home in range(clubs) for away in range(clubs) if home != away]
        random.shuffle(pairs)
        for number, (home, away) in enumerate(pairs):
            strength = (away - home) / clubs
            rows.append(
                {
                    "league_code": "E0",
                    "season": f"{2015 + season}-{16 + season}",
                    "kickoff_at": FIRST_DAY + timedelta(days=365 * season + 3 * (number // (clubs // 2))),
                    "home_team": f"Club {home}",
                    "away_team": f"Club {away}",
                    "home_goals": float(random.poisson(np.exp(0.4 + strength))),
                    "away_goals": float(random.poisson(np.exp(0.1 - strength))),
                }
            )
    matches = pd.DataFrame(rows)
    matches["kickoff_at"] = matches["kickoff_at"].astype("datetime64[us, UTC]")
    matches["result_known_at"] = matches["kickoff_at"] + timedelta(hours=2)
    matches.insert(0, "match_id", range(1, len(matches) + 1))
    return matches


@cache
def bundesliga() -> pd.DataFrame:
    """14,016 real matches, 1963 to 2009. Copy it before changing it."""
    return _frame(rdatasets.fetch().matches)


@cache
def six_leagues() -> pd.DataFrame:
    """27,313 real matches, 2009 to 2022. Copy it before changing it."""
    folder = str(SHARED / "data" / "football")
    return _frame(football_data.read(folder, "Europe/Paris").matches)


def _frame(rows: Sequence[MatchRow]) -> pd.DataFrame:
    matches = pd.DataFrame([{name: getattr(row, name) for name in COLUMNS} for row in rows])
    matches["kickoff_at"] = matches["kickoff_at"].astype("datetime64[us, UTC]")
    for side in ("home", "away"):
        matches[f"{side}_team"] = matches[f"{side}_team"].map(team_name)
        matches[f"{side}_goals"] = matches[f"{side}_goals"].astype("float64")
    matches["result_known_at"] = matches["kickoff_at"] + timedelta(hours=2)
    matches.insert(0, "match_id", range(1, len(matches) + 1))
    return matches
