"""Probabilities of matches from stored model versions."""

from dataclasses import dataclass

import numpy as np

from modeling.ensemble import Pool
from modeling.examples import Examples
from modeling.goals import GoalMarkets, Scores, goal_markets, mixed
from modeling.kinds import KINDS
from modeling.metrics import Probabilities
from modeling.model import Calibrated
from modeling.parts import Load
from modeling.stacks import STACKS, read


class UnknownModel(Exception):
    """No model has this name."""


@dataclass(frozen=True)
class Stack:
    """Several models behind one pool."""

    members: tuple["Served", ...]
    pool: Pool

    def predict_proba(self, examples: Examples) -> Probabilities:
        return self.pool.apply(np.stack([member.predict_proba(examples) for member in self.members]))

    def scores(self, examples: Examples) -> Scores | None:
        """P(score) of every match by the members that know of goals, as they weigh; None without any."""
        told = [member.scores(examples) for member in self.members]
        known = [
            (scores, weight)
            for scores, weight in zip(told, self.pool.weights, strict=True)
            if scores is not None
        ]
        if not known:
            return None
        return mixed([scores for scores, _ in known], [weight for _, weight in known])


Served = Calibrated | Stack


async def load_model(name: str, artifact_sha256: str, load: Load) -> Served:
    """A model with all it consists of. Raises UnknownModel, ArtifactUnusable, and what `load` raises."""
    artifact = await load(artifact_sha256)
    if name in STACKS:
        return await _stack(name, artifact, load)
    if name not in KINDS:
        raise UnknownModel(f"no model is called {name!r}; there are {', '.join([*KINDS, *STACKS])}")
    return KINDS[name].from_bytes(artifact)


def predict_goals(served: Served, examples: Examples, probabilities: Probabilities) -> GoalMarkets | None:
    """The goal markets beside these probabilities of the same model; None where no goal model takes part."""
    scores = served.scores(examples)
    return None if scores is None else goal_markets(scores, probabilities)


async def _stack(name: str, artifact: bytes, load: Load) -> Stack:
    members = read(name, artifact)
    loaded = [await load_model(member.name, member.artifact_sha256, load) for member in members]
    return Stack(tuple(loaded), Pool(tuple(member.weight for member in members)))
