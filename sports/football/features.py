"""What is known of a match at its kick-off, as numbers: ratings, form, rest, the season so far, the league.

Only matches whose result was known at this kick-off count: of those at the same moment none sees another.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sports.football.elo import EloMatches, elo_ratings
from sports.football.past import Numbers, Past, Values

FORM_WINDOWS = (5, 10)
VENUE_WINDOW = 10
LEAGUE_WINDOW = 1_000
MOST_REST_DAYS = 14.0
MOST_PLAYED = 100
MATCHES_IN_A_SEASON = 38
# An average weighs as much as so many matches, so that one match does not make a form.
FORM_PRIOR_MATCHES = 3.0
LEAGUE_PRIOR_MATCHES = 50.0
# Home wins, draws, home goals and away goals a match: long-run figures of European first divisions.
LEAGUE_PRIOR = np.array([0.45, 0.27, 1.55, 1.15])
AVERAGE_POINTS = 1.36
SECONDS_IN_A_DAY = 86_400.0
ORDER = ["kickoff_at", "league_code", "home_team", "away_team"]


def match_features(matches: pd.DataFrame) -> pd.DataFrame:
    """The features of every match, played or not: float64, indexed as the input, never NaN.

    Reads league_code, season, kickoff_at and result_known_at (UTC), home_team, away_team, home_goals and
    away_goals (NaN while not known). The order of the rows does not matter. Raises ValueError if a kick-off
    is missing.
    """
    if matches["kickoff_at"].isna().any():
        raise ValueError("every match needs a kick-off")
    position = matches.reset_index(drop=True).sort_values(ORDER, kind="stable").index.to_numpy()
    columns = _columns(_Season.of(matches.iloc[position]))
    features = pd.DataFrame(columns, index=matches.index[position], dtype="float64")
    return features.iloc[np.argsort(position)]


@dataclass(frozen=True)
class _Season:
    """The matches in the order of kick-off, as arrays; clubs and leagues are numbered."""

    league: Numbers
    home: Numbers
    away: Numbers
    season: Numbers
    kickoff: Values
    moment: Numbers
    counts_from: Numbers
    moments: int
    home_goals: Values
    away_goals: Values

    @classmethod
    def of(cls, matches: pd.DataFrame) -> "_Season":
        league = matches["league_code"].astype("str")
        clubs = pd.concat([league + "\n" + matches["home_team"], league + "\n" + matches["away_team"]])
        club = _numbered(clubs)
        kickoff = matches["kickoff_at"].dt.as_unit("us").astype("int64").to_numpy()
        moments, moment = np.unique(kickoff, return_inverse=True)
        known = matches["result_known_at"].fillna(matches["kickoff_at"]).dt.as_unit("us").astype("int64")
        return cls(
            league=_numbered(league),
            home=club[: len(matches)],
            away=club[len(matches) :],
            season=_numbered(matches["season"]),
            kickoff=kickoff / 1e6,
            moment=moment.astype(np.int64),
            counts_from=np.maximum(np.searchsorted(moments, known.to_numpy()), moment + 1),
            moments=len(moments),
            home_goals=matches["home_goals"].to_numpy(dtype="float64"),
            away_goals=matches["away_goals"].to_numpy(dtype="float64"),
        )

    @property
    def played(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return np.isfinite(self.home_goals) & np.isfinite(self.away_goals)

    def past(self, owner: Numbers, values: Values) -> Past:
        """The past of the owners of matches; `owner` may name the home clubs, then the away clubs."""
        repeats = len(owner) // max(len(self.moment), 1)
        played, counts_from = np.tile(self.played, repeats), np.tile(self.counts_from, repeats)
        # Past counts what lies before a moment: the one before the first that may see the result.
        return Past(owner[played], counts_from[played] - 1, values[played], self.moments)


def _numbered(texts: pd.Series) -> Numbers:
    return pd.factorize(texts, sort=True)[0].astype(np.int64)


def _columns(season: _Season) -> dict[str, Values]:
    league = _league(season)
    columns = _elo(season)
    columns |= _form(season, league)
    columns |= _venue_form(season, league)
    columns |= _rest(season)
    columns |= _season_so_far(season)
    columns |= {f"league_{name}": values for name, values in league.items()}
    return columns


def _elo(season: _Season) -> dict[str, Values]:
    kickoff = season.kickoff.astype(np.int64)
    margin = season.home_goals - season.away_goals
    ratings = elo_ratings(EloMatches(season.league, season.home, season.away, season.moment, kickoff, margin))
    home, away = ratings.T
    return {"elo_home": home, "elo_away": away, "elo_difference": home - away}


def _league(season: _Season) -> dict[str, Values]:
    """Shares of home wins and draws, and goals of either side, in the league's last matches."""
    home, away = season.home_goals, season.away_goals
    past = season.past(season.league, np.column_stack([home > away, home == away, home, away]).astype(float))
    sums, matches = past.totals(season.league, season.moment, LEAGUE_WINDOW)
    weight = LEAGUE_PRIOR_MATCHES
    means = (sums + weight * LEAGUE_PRIOR) / (matches + weight)[:, None]
    return dict(zip(("home_wins", "draws", "home_goals", "away_goals"), means.T, strict=True))


def _form(season: _Season, league: dict[str, Values]) -> dict[str, Values]:
    """Points and goals a match over the last matches of each side, wherever they were played."""
    past = season.past(
        np.concatenate([season.home, season.away]),
        np.vstack(
            [_record(season.home_goals, season.away_goals), _record(season.away_goals, season.home_goals)]
        ),
    )
    goals = (league["home_goals"] + league["away_goals"]) / 2
    usual = np.column_stack([np.full(len(goals), AVERAGE_POINTS), goals, goals])
    columns: dict[str, Values] = {}
    for side, club in (("home", season.home), ("away", season.away)):
        for window in FORM_WINDOWS:
            means = _means(past, club, season.moment, window, usual)
            columns |= _named(f"{side}_{{}}_{window}", means)
    return columns


def _venue_form(season: _Season, league: dict[str, Values]) -> dict[str, Values]:
    """The home side's last matches at home, the away side's away."""
    sides = (
        ("home", season.home, _record(season.home_goals, season.away_goals)),
        ("away", season.away, _record(season.away_goals, season.home_goals)),
    )
    columns: dict[str, Values] = {}
    for side, club, record in sides:
        other = "away" if side == "home" else "home"
        wins = league["home_wins"] if side == "home" else 1 - league["home_wins"] - league["draws"]
        usual = np.column_stack(
            [3 * wins + league["draws"], league[f"{side}_goals"], league[f"{other}_goals"]]
        )
        means = _means(season.past(club, record), club, season.moment, VENUE_WINDOW, usual)
        columns |= _named(f"{side}_{{}}_{VENUE_WINDOW}_at_{side}", means)
    return columns


def _rest(season: _Season) -> dict[str, Values]:
    """Days since each side's last match in this league, at most 14 (also for a first match)."""
    past = season.past(np.concatenate([season.home, season.away]), np.tile(season.kickoff, 2)[:, None])
    columns: dict[str, Values] = {}
    for side, club in (("home", season.home), ("away", season.away)):
        last = past.latest(club, season.moment, 0, otherwise=-np.inf)
        days = (season.kickoff - last) / SECONDS_IN_A_DAY
        columns[f"{side}_rest_days"] = np.minimum(days, MOST_REST_DAYS)
    return columns


def _season_so_far(season: _Season) -> dict[str, Values]:
    """Matches played (ever, at most 100; this season), points a match this season, how far the season is."""
    everywhere = np.concatenate([season.home, season.away])
    record = np.vstack(
        [_record(season.home_goals, season.away_goals), _record(season.away_goals, season.home_goals)]
    )
    seasons = int(season.season.max(initial=0)) + 1
    always = season.past(everywhere, record)
    this_season = season.past(everywhere * seasons + np.tile(season.season, 2), record)
    usual = np.tile([AVERAGE_POINTS, 0.0, 0.0], (len(season.home), 1))
    columns: dict[str, Values] = {}
    for side, club in (("home", season.home), ("away", season.away)):
        now = club * seasons + season.season
        columns[f"{side}_played"] = np.minimum(always.totals(club, season.moment)[1], MOST_PLAYED).astype(
            float
        )
        columns[f"{side}_season_played"] = this_season.totals(now, season.moment)[1].astype(float)
        columns[f"{side}_season_points"] = _means(this_season, now, season.moment, None, usual)[:, 0]
    played = (columns["home_season_played"] + columns["away_season_played"]) / 2
    columns["season_progress"] = np.minimum(played / MATCHES_IN_A_SEASON, 1.0)
    return columns


def _record(scored: Values, conceded: Values) -> Values:
    """Points, goals for and goals against of one side, shape (n, 3)."""
    points = np.where(scored > conceded, 3.0, np.where(scored == conceded, 1.0, 0.0))
    return np.column_stack([points, scored, conceded])


def _means(past: Past, owner: Numbers, moment: Numbers, last: int | None, usual: Values) -> Values:
    sums, matches = past.totals(owner, moment, last)
    return (sums + FORM_PRIOR_MATCHES * usual) / (matches + FORM_PRIOR_MATCHES)[:, None]


def _named(pattern: str, means: Values) -> dict[str, Values]:
    names = ("points", "goals_for", "goals_against")
    return {pattern.format(name): values for name, values in zip(names, means.T, strict=True)}
