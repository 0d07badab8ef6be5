"""Matches in the order of kick-off as arrays: what ratings and features are computed from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sports.football.past import Numbers, Past, Values

ORDER = ["kickoff_at", "league_code", "home_team", "away_team"]
SECONDS_IN_A_DAY = 86_400


def kickoff_order(matches: pd.DataFrame) -> Numbers:
    """The positions of a frame's rows in the order of kick-off; matches of one moment in one fixed order."""
    return np.asarray(matches.reset_index(drop=True).sort_values(ORDER, kind="stable").index)


@dataclass(frozen=True)
class MatchArrays:
    """One entry a match in each array; clubs, leagues and seasons are numbered.

    A club has one number per league it plays in. `kickoff` and `known` are in seconds since 1970; `moment`
    numbers the kick-offs, and `counts_from` is the first of them that may see the result. Goals are NaN while
    not known.
    """

    league: Numbers
    season: Numbers
    home: Numbers
    away: Numbers
    kickoff: Values
    known: Values
    moment: Numbers
    counts_from: Numbers
    moments: int
    home_goals: Values
    away_goals: Values

    @classmethod
    def of(cls, matches: pd.DataFrame) -> "MatchArrays":
        """The matches of a frame that is in the order of kick-off (kickoff_order)."""
        league = matches["league_code"].astype("str")
        clubs = pd.concat([league + "\n" + matches["home_team"], league + "\n" + matches["away_team"]])
        club = _numbered(clubs)
        kickoff = matches["kickoff_at"].dt.as_unit("us").astype("int64").to_numpy()
        moments, moment = np.unique(kickoff, return_inverse=True)
        known = matches["result_known_at"].fillna(matches["kickoff_at"]).dt.as_unit("us").astype("int64")
        return cls(
            league=_numbered(league),
            season=_numbered(matches["season"]),
            home=club[: len(matches)],
            away=club[len(matches) :],
            kickoff=kickoff / 1e6,
            known=known.to_numpy() / 1e6,
            moment=moment.astype(np.int64),
            counts_from=np.maximum(np.searchsorted(moments, known.to_numpy()), moment + 1),
            moments=len(moments),
            home_goals=matches["home_goals"].to_numpy(dtype="float64"),
            away_goals=matches["away_goals"].to_numpy(dtype="float64"),
        )

    @property
    def played(self) -> NDArray[np.bool_]:
        return np.isfinite(self.home_goals) & np.isfinite(self.away_goals)

    @property
    def day(self) -> Numbers:
        """The day of the kick-off, counted since 1970, in UTC."""
        return np.asarray(self.kickoff // SECONDS_IN_A_DAY, dtype=np.int64)

    def past(self, owner: Numbers, values: Values) -> Past:
        """The past of the owners of matches; `owner` may name the home clubs, then the away clubs."""
        repeats = len(owner) // max(len(self.moment), 1)
        played, counts_from = np.tile(self.played, repeats), np.tile(self.counts_from, repeats)
        # Past counts what lies before a moment: the one before the first that may see the result.
        return Past(owner[played], counts_from[played] - 1, values[played], self.moments)


def _numbered(texts: pd.Series) -> Numbers:
    return pd.factorize(texts, sort=True)[0].astype(np.int64)
