"""penaltyblog's Dixon-Coles on the same matches, fitted on the same days."""

import statistics
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from penaltyblog.models import DixonColesGoalModel
from threadpoolctl import threadpool_limits

from bench.models.contest import Contest
from bench.models.stopwatch import Stopwatch
from bench.models.walk import Told, walk_forward
from modeling.dixon_coles import LOOK_BACK, DixonColes
from modeling.dixon_coles_fit import DECAY_PER_DAY, SECONDS_IN_A_DAY, fit_league
from modeling.examples import Examples
from modeling.metrics import OUTCOMES, Probabilities
from modeling.validation import base_rates

NAME = "penaltyblog_dixon_coles"
VERSION = version("penaltyblog")
ROUNDS = 7

# How often it had no answer, and why: the base rates speak then.
Fallbacks = Counter[str]


@dataclass(frozen=True)
class Peer:
    """One fitted model a league."""

    leagues: dict[str, DixonColesGoalModel]
    known: Examples
    fallbacks: Fallbacks

    @classmethod
    def fit(cls, fallbacks: Fallbacks, examples: Examples) -> "Peer":
        matches = examples.matches
        recent = matches[matches["kickoff_at"] > matches["kickoff_at"].max() - LOOK_BACK]
        leagues: dict[str, DixonColesGoalModel] = {}
        with threadpool_limits(1, user_api="blas"):
            for code, league in recent.groupby("league_code"):
                try:
                    leagues[str(code)] = _fitted(league)
                except ValueError:
                    fallbacks["no_fit"] += 1
        return cls(leagues, examples, fallbacks)

    def predict_proba(self, examples: Examples) -> Probabilities:
        found = base_rates(
            self.known.matches["league_code"], self.known.outcomes, examples.matches["league_code"]
        )
        names = ("league_code", "home_team", "away_team")
        for number, (league, home, away) in enumerate(
            zip(*(examples.matches[name] for name in names), strict=True)
        ):
            if (told := self._told(league, home, away)) is not None:
                found[number] = told
        return found

    def _told(self, league: str, home: str, away: str) -> list[float] | None:
        model = self.leagues.get(league)
        if model is None or not {home, away} <= set(model.teams):
            self.fallbacks["unknown_team"] += 1
            return None
        try:
            grid = model.predict(home, away)
        except ValueError:
            self.fallbacks["impossible_scores"] += 1
            return None
        return [getattr(grid, f"{outcome}_win" if outcome != "draw" else outcome) for outcome in OUTCOMES]


def told_by_peer(asked: Contest) -> tuple[Told, Fallbacks]:
    fallbacks: Fallbacks = Counter()
    return walk_forward(partial(Peer.fit, fallbacks), asked, DixonColes.stale_after), fallbacks


def one_season(past: Examples) -> dict[str, Any]:
    """How long a fit on one season of one league takes, ours and theirs in turn: medians in milliseconds."""
    seasons = past.matches.groupby(["season", "league_code"]).size()
    season, league = max(seasons.index, key=lambda key: (seasons[key], key))
    matches = past.matches[(past.matches["season"] == season) & (past.matches["league_code"] == league)]
    ours, theirs = [], []
    with threadpool_limits(1, user_api="blas"):
        for _ in range(ROUNDS):
            ours.append(_milliseconds(fit_league, matches))
            theirs.append(_milliseconds(_fitted, matches))
    return {
        "league": league,
        "season": season,
        "matches": len(matches),
        "matchday_ms": statistics.median(ours),
        "penaltyblog_ms": statistics.median(theirs),
    }


def _fitted(matches: pd.DataFrame) -> DixonColesGoalModel:
    """With the weights that our own fit gives to the matches."""
    days = (matches["kickoff_at"].max() - matches["kickoff_at"]).dt.total_seconds() / SECONDS_IN_A_DAY
    model = DixonColesGoalModel(
        matches["home_goals"].to_numpy(),
        matches["away_goals"].to_numpy(),
        matches["home_team"].to_numpy(str),
        matches["away_team"].to_numpy(str),
        weights=np.exp(-DECAY_PER_DAY * days.to_numpy()),
    )
    model.fit()
    return model


def _milliseconds(fit: Callable[[pd.DataFrame], object], matches: pd.DataFrame) -> float:
    watch = Stopwatch()
    with watch:
        fit(matches)
    return watch.seconds * 1_000
