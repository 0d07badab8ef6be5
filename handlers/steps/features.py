"""Reads the matches as they were known at a moment and computes their features."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from handlers.steps.pipeline import Counts
from handlers.steps.scope import AsOf, NoMatches, Source, chosen_source, resolve_as_of
from jobs.handler import Job
from store.database import Database
from store.matches import match_history
from store.odds import price_history

if TYPE_CHECKING:
    from pandas import DataFrame

    from modeling.examples import Examples
    from modeling.market import Lines


@dataclass(frozen=True)
class KnownMatches:
    """Matches and features up to the horizon; results that were not known at `as_of` are hidden.

    `lines` are the market's probabilities of each match, and `last_line` its last ones by the match's number:
    they judge models, and none of these reads the closing line.
    """

    as_of: datetime
    horizon: datetime
    examples: "Examples"
    lines: "Lines"
    last_line: "DataFrame"

    @property
    def matches(self) -> "DataFrame":
        return self.examples.matches

    @property
    def counts(self) -> Counts:
        return {
            "matches": len(self.examples),
            "features": self.examples.features.shape[1],
            "with_odds": int(self.examples.with_odds.sum()),
        }


async def matches_as_of(
    job: Job, as_of: AsOf, *, source: Source | None, leagues: tuple[str, ...] | None, horizon: timedelta
) -> KnownMatches:
    """The matches as they were known at the moment that is meant. Raises NoMatches, NotYet."""
    async with job.database.read() as conn:
        moment = await resolve_as_of(conn, as_of, chosen_source(source, job.settings), leagues)
    return await _known_matches(job.database, moment, moment + horizon)


async def _known_matches(database: Database, as_of: datetime, horizon: datetime) -> KnownMatches:
    from modeling.examples import Examples
    from modeling.history import matches_frame, odds_frame
    from modeling.market import last_line, lines, market_features, with_closing_line
    from sports.football.features import match_features

    async with database.read() as conn:
        rows = await match_history(conn, until=horizon)
        prices = await price_history(conn, until=horizon, as_of=as_of)
    if not rows:
        raise NoMatches(f"there are no matches before {horizon:%Y-%m-%d}: run a data_pipeline job first")
    matches = matches_frame(rows, as_of=as_of)
    market = lines(odds_frame(matches, prices))
    examples = Examples(
        with_closing_line(matches, market), match_features(matches), market_features(matches, market)
    )
    return KnownMatches(as_of, horizon, examples, market, last_line(matches, market))
