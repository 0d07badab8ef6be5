"""Several models as one: a logarithmic pool whose weights are learnt, but strongly drawn to the usual ones.

With three seasons to learn weights from, free ones are no better than the best member, and the stack must not
be worse than it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from modeling.metrics import OUTCOMES, SMALLEST, Outcomes, Probabilities

PRIOR_MATCHES = 20_000.0

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Pool:
    """P is proportional to the product of the members' probabilities, each to the power of its weight.

    Genest and Zidek (1986), Combining probability distributions. Weights are not negative.
    """

    weights: tuple[float, ...]

    @classmethod
    def fit(cls, members: Values, outcomes: Outcomes, usual: Sequence[float]) -> "Pool":
        """Of what each said of matches it had not seen, shape (members, n, 3); rows with NaN are left out."""
        known = np.isfinite(members).all(axis=(0, 2))
        start = np.array(usual, dtype=np.float64)
        found = minimize(
            _loss,
            start,
            args=(_logs(members[:, known]), outcomes[known], start),
            jac=True,
            method="L-BFGS-B",
            bounds=[(0.0, None)] * len(members),
        )
        return cls(tuple(found.x.tolist()))

    def apply(self, members: Values) -> Probabilities:
        """The pool (n, 3) of members' (members, n, 3); the first member's row where another has NaN."""
        pooled = softmax(np.tensordot(self.weights, _logs(members), axes=1), axis=1)
        known = np.asarray(np.isfinite(members).all(axis=(0, 2)))
        return np.asarray(np.where(known[:, None], pooled, members[0]))


def _logs(members: Values) -> Values:
    return np.log(np.clip(members, SMALLEST, 1.0))


def _loss(weights: Values, logs: Values, outcomes: Outcomes, usual: Values) -> tuple[float, Values]:
    """Minus the log likelihood and the pull to the usual weights, with its gradient."""
    pooled = log_softmax(np.tensordot(weights, logs, axes=1), axis=1)
    excess = np.exp(pooled) - np.eye(len(OUTCOMES))[outcomes]
    pull = weights - usual
    value = -pooled[np.arange(len(outcomes)), outcomes].sum() + PRIOR_MATCHES / 2 * pull @ pull
    return float(value), (logs * excess).sum(axis=(1, 2)) + PRIOR_MATCHES * pull
