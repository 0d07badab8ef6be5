"""What the prices of a match between two clubs usually are, by the prices of their earlier matches.

A rating of every club that is read from odds instead of results, as of Wunderlich and Memmert (2018), The
betting odds rating system, PLOS ONE 13. A match has two figures: d = ln P(home) / P(away), the difference of
two clubs, and s = ln P(home) P(away) / P(draw)^2, to which both add. The rates below had the lowest log loss
on six leagues from 2014 to 2022; it is flat around them.
"""

from dataclasses import dataclass

import numpy as np

from sports.football.match_arrays import MatchArrays
from sports.football.past import Values

# The weight of a club's latest match in its two figures, and in those of its league.
DIFFERENCE_RATE, SUM_RATE, LEAGUE_RATE = 0.3, 0.15, 0.01
# As many matches of this season make the prices of the last one half as doubtful as they are without any.
DOUBTFUL_MATCHES = 3.0


@dataclass(frozen=True)
class Start:
    """The figures of a league and a club of which no price was read yet."""

    home_advantage: float
    level: float
    promoted: float


PRICES = Start(home_advantage=0.35, level=0.45, promoted=-0.55)
MOVES = Start(home_advantage=0.0, level=0.0, promoted=0.0)
LEAGUE_UNDER_WAY_AFTER = 100


def usual(matches: MatchArrays, figures: Values, start: Start) -> Values:
    """What d and s (n, 2) of each match are expected to be; `figures` are those it had, NaN where not known.

    A match counts when its result is known: by then its closing price is final.
    """
    ratings = _Ratings(matches, start)
    found = np.empty(figures.shape)
    priced = np.asarray(np.isfinite(figures).all(axis=1))
    order = np.argsort(matches.counts_from, kind="stable")
    waiting = iter(order[priced[order]].tolist())
    counts_from, had = matches.counts_from.tolist(), figures.tolist()
    past = next(waiting, None)
    for match, moment in enumerate(matches.moment.tolist()):
        while past is not None and counts_from[past] <= moment:
            ratings.learn(past, *had[past])
            past = next(waiting, None)
        found[match] = ratings.expected(match)
    return found


def reliability(matches: MatchArrays, figures: Values) -> Values:
    """How far to trust what is usual, from 0 to 1 (n,): by the side with fewer priced matches this season."""
    seasons = int(matches.season.max(initial=0)) + 1
    sides = [side * seasons + matches.season for side in (matches.home, matches.away)]
    priced = np.isfinite(figures).all(axis=1).astype(np.float64)
    past = matches.past(np.concatenate(sides), np.tile(priced, 2)[:, None])
    fewer = np.minimum(*(past.totals(side, matches.moment)[0][:, 0] for side in sides))
    return np.asarray(fewer / (fewer + DOUBTFUL_MATCHES))


class _Ratings:
    """Of every club its part of both figures, of every league what is left when its clubs are equal."""

    def __init__(self, matches: MatchArrays, start: Start) -> None:
        self._start = start
        self._sides = list(
            zip(matches.league.tolist(), matches.home.tolist(), matches.away.tolist(), strict=True)
        )
        self._clubs: dict[int, tuple[float, float]] = {}
        self._leagues: dict[int, tuple[float, float, int]] = {}

    def expected(self, match: int) -> tuple[float, float]:
        league, home, away = self._sides[match]
        advantage, level, _ = self._of_league(league)
        (home_rating, home_part), (away_rating, away_part) = (
            self._of_club(home, league),
            self._of_club(away, league),
        )
        return advantage + home_rating - away_rating, level + home_part + away_part

    def learn(self, match: int, difference: float, total: float) -> None:
        league, home, away = self._sides[match]
        advantage, level, learnt = self._of_league(league)
        expected, expected_total = self.expected(match)
        surprise, excess = difference - expected, total - expected_total
        for club, sign in ((home, 1), (away, -1)):
            rating, part = self._of_club(club, league)
            self._clubs[club] = (
                rating + sign * DIFFERENCE_RATE * surprise,
                part + SUM_RATE * excess,
            )
        self._leagues[league] = (
            advantage + LEAGUE_RATE * surprise,
            level + LEAGUE_RATE * excess,
            learnt + 1,
        )

    def _of_league(self, league: int) -> tuple[float, float, int]:
        return self._leagues.get(league, (self._start.home_advantage, self._start.level, 0))

    def _of_club(self, club: int, league: int) -> tuple[float, float]:
        under_way = self._of_league(league)[2] >= LEAGUE_UNDER_WAY_AFTER
        return self._clubs.get(club, (self._start.promoted if under_way else 0.0, 0.0))
