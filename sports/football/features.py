"""What is known of a match at its kick-off, as numbers: ratings, form, rest, the season so far, the league.

Only matches whose result was known at this kick-off count: of those at the same moment none sees another.
"""

import numpy as np
import pandas as pd

from sports.football.elo import elo_ratings
from sports.football.match_arrays import SECONDS_IN_A_DAY, MatchArrays, kickoff_order
from sports.football.past import Numbers, Past, Values
from sports.football.scores import USUAL_RHO, outcomes, score_matrix
from sports.football.strengths import strengths

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


def match_features(matches: pd.DataFrame) -> pd.DataFrame:
    """The features of every match, played or not: float64, indexed as the input, never NaN.

    Reads league_code, season, kickoff_at and result_known_at (UTC), home_team, away_team, home_goals and
    away_goals (NaN while not known). The order of the rows does not matter. Raises ValueError if a kick-off
    is missing.
    """
    if matches["kickoff_at"].isna().any():
        raise ValueError("every match needs a kick-off")
    position = kickoff_order(matches)
    columns = _columns(MatchArrays.of(matches.iloc[position]))
    features = pd.DataFrame(columns, index=matches.index[position], dtype="float64")
    return features.iloc[np.argsort(position)]


def _columns(season: MatchArrays) -> dict[str, Values]:
    league = _league(season)
    columns = _elo(season)
    columns |= _strengths(season)
    columns |= _form(season, league)
    columns |= _venue_form(season, league)
    columns |= _rest(season)
    columns |= _season_so_far(season)
    columns |= {f"league_{name}": values for name, values in league.items()}
    return columns


def _elo(season: MatchArrays) -> dict[str, Values]:
    home, away = elo_ratings(season).T
    return {"elo_home": home, "elo_away": away, "elo_difference": home - away}


def _strengths(season: MatchArrays) -> dict[str, Values]:
    """Goals that attack and defence let expect, how sure that is, and the log odds that follow from it."""
    expected = strengths(season)
    home, away = expected.goals
    home_wins, draws, away_wins = outcomes(score_matrix(home, away, USUAL_RHO)).T
    return {
        "strength_home_goals": home,
        "strength_away_goals": away,
        "strength_home_log_odds": np.log(home_wins / draws),
        "strength_away_log_odds": np.log(away_wins / draws),
        "strength_variance": expected.home_variance + expected.away_variance,
        "strength_advantage": expected.advantage,
    }


def _league(season: MatchArrays) -> dict[str, Values]:
    """Shares of home wins and draws, and goals of either side, in the league's last matches."""
    home, away = season.home_goals, season.away_goals
    past = season.past(season.league, np.column_stack([home > away, home == away, home, away]).astype(float))
    sums, matches = past.totals(season.league, season.moment, LEAGUE_WINDOW)
    weight = LEAGUE_PRIOR_MATCHES
    means = (sums + weight * LEAGUE_PRIOR) / (matches + weight)[:, None]
    return dict(zip(("home_wins", "draws", "home_goals", "away_goals"), means.T, strict=True))


def _form(season: MatchArrays, league: dict[str, Values]) -> dict[str, Values]:
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


def _venue_form(season: MatchArrays, league: dict[str, Values]) -> dict[str, Values]:
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


def _rest(season: MatchArrays) -> dict[str, Values]:
    """Days since each side's last match in this league, at most 14 (also for a first match)."""
    past = season.past(np.concatenate([season.home, season.away]), np.tile(season.kickoff, 2)[:, None])
    columns: dict[str, Values] = {}
    for side, club in (("home", season.home), ("away", season.away)):
        last = past.latest(club, season.moment, 0, otherwise=-np.inf)
        days = (season.kickoff - last) / SECONDS_IN_A_DAY
        columns[f"{side}_rest_days"] = np.minimum(days, MOST_REST_DAYS)
    return columns


def _season_so_far(season: MatchArrays) -> dict[str, Values]:
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
