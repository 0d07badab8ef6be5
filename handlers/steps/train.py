"""Trains the models, keeps them as versions, and lets the best serve if it beats the base rates."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from handlers.steps.features import KnownMatches
from jobs.handler import Job

if TYPE_CHECKING:
    from modeling.registry import Published


async def train_models(
    job: Job, known: KnownMatches, *, days_back: int, min_matches: int, report: Callable[[float, str], None]
) -> "Published":
    """The new versions, as the registry keeps them. Raises NotEnoughMatches."""
    from modeling.artifacts import ArtifactStore
    from modeling.registry import publish
    from modeling.train import train

    training = train(
        known.matches,
        known.features,
        as_of=known.as_of,
        train_from=known.as_of - timedelta(days=days_back),
        min_matches=min_matches,
        report=report,
    )
    artifacts = ArtifactStore(job.settings.artifacts_dir)
    # Kept by their content before the rows that name them: a run that is repeated writes the same files.
    keys = [artifacts.save(model.artifact) for model in training.models]
    async with job.transaction() as conn:
        return await publish(conn, training, keys, sport="football", as_of=known.as_of, job_id=job.id)
