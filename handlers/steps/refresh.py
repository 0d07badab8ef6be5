"""The first two steps of every pipeline: ingest what is new, then read it as it was known."""

from handlers.steps.features import KnownMatches, known_matches
from handlers.steps.ingest import ingest
from handlers.steps.pipeline import Counts, Pipeline
from handlers.steps.scope import RefreshScope, chosen_source, resolve_as_of
from jobs.handler import Job


async def refresh(job: Job, pipeline: Pipeline, scope: RefreshScope) -> tuple[Counts, KnownMatches]:
    """Runs the steps `ingest` and `features`: what came in, and the matches as of the moment asked for."""
    async with pipeline.step("ingest") as step:
        step.counts = counts = await ingest(job, scope, step.report)
    async with pipeline.step("features") as step:
        source = chosen_source(scope.source, job.settings)
        async with job.database.read() as conn:
            as_of = await resolve_as_of(conn, scope.as_of, source, scope.leagues)
        known = await known_matches(job.database, as_of, scope.horizon_days)
        step.counts = known.counts
    return counts, known
