"""What the model in service says of matches that it has not seen: how a new one is compared with it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from modeling.artifacts import ArtifactUnusable
from modeling.examples import Examples
from modeling.metrics import OUTCOMES, Probabilities
from modeling.parts import Load, parts_of
from modeling.predict import load_model
from modeling.trial import try_parts

Told = tuple[float, float, float]


async def told_by(
    name: str,
    artifact_sha256: str,
    load: Load,
    *,
    as_of: datetime,
    written: Mapping[int, Told],
    examples: Examples,
    match_ids: Sequence[int],
) -> Probabilities:
    """The probabilities of these matches (n, 3) by the model of that name, trained as of that moment.

    Of matches before its training that is what was written down then, by match number; of later ones it is
    asked; NaN of the others. `examples` hold all the matches. Its artifacts are tried in a process of their
    own before: one that cannot be loaded any more, after an upgrade of a library, must not end the training
    that could replace it. Raises ArtifactUnusable, and what `load` raises.
    """
    nothing = (float("nan"),) * len(OUTCOMES)
    told = np.array([written.get(number, nothing) for number in match_ids], dtype=np.float64)
    asked = examples.numbered(match_ids)
    later = asked.matches["kickoff_at"] > as_of
    if later.any():
        trial = await try_parts(await parts_of(name, artifact_sha256, load))
        if not trial.usable:
            raise ArtifactUnusable(trial.reason)
        served = await load_model(name, artifact_sha256, load)
        told[later.to_numpy()] = served.predict_proba(asked.where(later))
    return told
