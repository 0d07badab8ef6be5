"""How good the predictions were that were served, beside what was promised of them and what the market knew.

Two alarms. Log loss: above the one that validation promised by more than two standard errors of that
difference. Calibration: an error that a well calibrated model hardly exceeds on the same matches, which is
large on few of them: 0.17 on 100 matches, 0.06 on 900.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modeling.metrics import (
    CONFIDENCE_BINS,
    OUTCOMES,
    Metrics,
    Outcomes,
    Probabilities,
    confidence_bins,
    is_told,
    log_loss,
    losses,
    measure,
)

# On fewer, one weekend of upsets is an alarm.
FEWEST_MATCHES = 100
STANDARD_ERRORS = 2.0
# Of the calibration error of a well calibrated model: above it in 3 to 6 of 1,000 simulated samples.
ECE_DEVIATIONS = 3.0


@dataclass(frozen=True)
class Promise:
    """What validation measured of the models that served, by matches predicted, on how many matches."""

    log_loss: float
    matches: float


@dataclass(frozen=True)
class Live:
    """Figures of the predictions of some matches; None where nothing can be said.

    `promise_error` is the standard error of the live log loss less the promised one. `beside_market` is the
    log loss on the matches with odds, `market` the closing line's.
    """

    metrics: Metrics | None
    log_loss_error: float | None
    ece_limit: float | None
    promised: float | None
    promise_error: float | None
    market_matches: int
    market: float | None
    beside_market: float | None
    drifted: bool
    says: str


def live(
    told: Sequence[Sequence[float]],
    goals: Sequence[tuple[int, int]],
    market: Sequence[Sequence[float] | None],
    promise: Promise | None,
) -> Live:
    """Of matches what was told, the goals of home and away, and the closing line's probabilities, if any."""
    if not told:
        return Live(None, None, None, None, None, 0, None, None, False, "no predicted match has a result")
    probabilities, outcomes = np.array(told), _outcomes(np.array(goals))
    line = np.array([(np.nan,) * len(OUTCOMES) if one is None else one for one in market])
    metrics, limit = measure(probabilities, outcomes), ece_limit(probabilities)
    loss, with_odds = losses(probabilities, outcomes), is_told(line)
    promise_error = _promise_error(loss, promise)
    drift = _drift(metrics, limit, promise, promise_error)
    return Live(
        metrics=metrics,
        log_loss_error=float(loss.std(ddof=1) / np.sqrt(len(loss))) if len(loss) > 1 else None,
        ece_limit=limit,
        promised=None if promise is None else promise.log_loss,
        promise_error=promise_error,
        market_matches=int(with_odds.sum()),
        market=log_loss(line[with_odds], outcomes[with_odds]) if with_odds.any() else None,
        beside_market=float(loss[with_odds].mean()) if with_odds.any() else None,
        drifted=bool(drift),
        says="; ".join(drift) or _no_drift(metrics, promise),
    )


def ece_limit(told: Probabilities) -> float:
    """What the calibration error of these probabilities hardly exceeds if they are right.

    Right picks of a bin are then a sum of independent chances c with the variance sum of c (1 - c); the
    distances, nearly half-normal, have sqrt(2 / pi) of its root as mean and 1 - 2 / pi of it as variance.
    """
    confidence = told.max(axis=1)
    variances = np.bincount(
        confidence_bins(confidence), weights=confidence * (1 - confidence), minlength=CONFIDENCE_BINS
    )
    mean = np.sqrt(2 / np.pi) * np.sqrt(variances).sum()
    deviation = np.sqrt((1 - 2 / np.pi) * variances.sum())
    return float((mean + ECE_DEVIATIONS * deviation) / len(told))


def _outcomes(goals: NDArray[np.int64]) -> Outcomes:
    return np.asarray(1 - np.sign(goals[:, 0] - goals[:, 1]))


def _promise_error(loss: NDArray[np.float64], promise: Promise | None) -> float | None:
    """The promise was measured on some matches too: its own error counts."""
    if promise is None or len(loss) < 2:
        return None
    return float(loss.std(ddof=1) * np.sqrt(1 / len(loss) + 1 / promise.matches))


def _drift(metrics: Metrics, limit: float, promise: Promise | None, promise_error: float | None) -> list[str]:
    if metrics.matches < FEWEST_MATCHES:
        return []
    found = []
    if promise is not None and promise_error:
        above = metrics.log_loss - promise.log_loss
        if above > STANDARD_ERRORS * promise_error:
            found.append(
                f"log loss {metrics.log_loss:.4f} on {metrics.matches} matches is {above:.4f} above the "
                f"{promise.log_loss:.4f} of validation, {above / promise_error:.1f} standard errors"
            )
    if metrics.ece > limit:
        found.append(
            f"calibration error {metrics.ece:.4f} on {metrics.matches} matches, above the {limit:.4f} that a "
            "well calibrated model hardly exceeds"
        )
    return found


def _no_drift(metrics: Metrics, promise: Promise | None) -> str:
    told = f"log loss {metrics.log_loss:.4f} on {metrics.matches} matches"
    if metrics.matches < FEWEST_MATCHES:
        return f"{told}, too few to judge ({FEWEST_MATCHES} needed)"
    if promise is None:
        return f"{told}; validation promised nothing to compare it with"
    return f"{told}, as validation let expect ({promise.log_loss:.4f})"
