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
    """The new versions, as the registry keeps them. Raises NotEnoughMatches, ArtifactError.

    With `min_matches`, only matches count in which both clubs had played so many before.
    """
    from modeling.artifact_store import artifact_store
    from modeling.registry import publish
    from modeling.train import train

    experienced = (known.features[["home_played", "away_played"]] >= min_matches).all(axis="columns")
    training = train(
        known.matches[experienced],
        known.features[experienced],
        as_of=known.as_of,
        train_from=known.as_of - timedelta(days=days_back),
        report=report,
    )
    artifacts = artifact_store(job.settings.artifact_location())
    # Files come before the rows that name them: a run that dies in between leaves a file too many, never a
    # row without one.
    keys = [await artifacts.save(model.artifact) for model in training.models]
    async with job.transaction() as conn:
        return await publish(conn, training, keys, sport="football", as_of=known.as_of, job_id=job.id)
