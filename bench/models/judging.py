"""The figures of everybody, each on the very same matches."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.models.contest import Contest
from bench.models.walk import Told
from modeling.metrics import is_told, losses, measure
from modeling.stacks import STACKS

# Who has no answer to more than half of the matches is left out; else these matches judge nobody.
FEWEST_ANSWERED = 0.5

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Judgement:
    """`matches` (of the window) judge everybody in `models`; `skipped` says why who is left out is."""

    matches: Mask
    models: Mapping[str, Told]
    skipped: Mapping[str, str]

    def as_json(self, asked: Contest) -> dict[str, Any]:
        count = int(self.matches.sum())
        outcomes = asked.outcomes[self.matches]
        return {
            "matches": count,
            "models": {
                name: {
                    **measure(told.probabilities[self.matches], outcomes).as_dict(),
                    "fit_seconds": told.fit_seconds,
                    "fits": told.fits,
                    "predict_seconds": told.predict_seconds,
                    "predict_ms_per_match": told.predict_seconds * 1_000 / len(told.probabilities),
                }
                for name, told in self.models.items()
            },
            "skipped": dict(self.skipped),
        }


def judgement(told: Mapping[str, Told], among: Mask) -> Judgement | None:
    """Of those matches everybody has an answer to; None if there are none."""
    wanted = int(among.sum())
    answers = {name: is_told(one.probabilities) & among for name, one in told.items()}
    able = {name for name, known in answers.items() if known.sum() > FEWEST_ANSWERED * wanted}
    if not able:
        return None
    matches = np.logical_and.reduce([answers[name] for name in sorted(able)])
    if not matches.any():
        return None
    return Judgement(
        matches,
        {name: one for name, one in told.items() if name in able},
        {
            name: f"it has an answer to {int(known.sum())} of {wanted} matches only"
            for name, known in answers.items()
            if name not in able
        },
    )


def stacks_beside_members(judged: Judgement, asked: Contest) -> dict[str, Any]:
    """Each stack's log loss less its best member's, with the standard error of the paired difference."""
    outcomes = asked.outcomes[judged.matches]
    lost = {
        name: losses(told.probabilities[judged.matches], outcomes) for name, told in judged.models.items()
    }
    found: dict[str, Any] = {}
    for stack, names in STACKS.items():
        members = [name for name in names if name in lost]
        if stack in lost and members:
            best = min(members, key=lambda name: float(lost[name].mean()))
            difference = lost[stack] - lost[best]
            found[stack] = {
                "best_member": best,
                "difference": float(difference.mean()),
                "standard_error": float(difference.std() / np.sqrt(len(difference))),
            }
    return found
