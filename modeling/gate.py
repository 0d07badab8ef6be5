"""The gate: whether a trained model may serve, and why not, from what it said of matches it had not seen.

Absolute thresholds catch broken models only: in ten of 22 leagues not even the market passes all three. What
judges are the distances to the base rates, to the market and to the model in service, on the same matches.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modeling.gate_limits import GateLimits
from modeling.metrics import Outcomes, Probabilities, is_told, losses, measure


@dataclass(frozen=True)
class Judged:
    """What was said of the same n matches, and how they ended; rows are NaN where nothing was said.

    `told` is the candidate's, `rates` are the base rates, `market` the bookmakers' line with the margin
    removed, `in_service` what the model in service said without having seen the match.
    """

    told: Probabilities
    outcomes: Outcomes
    rates: Probabilities
    market: Probabilities
    in_service: Probabilities | None


@dataclass(frozen=True)
class Check:
    """One question with its figure, its limit and the answer as a sentence."""

    name: str
    figure: float | None
    limit: float
    passed: bool
    says: str


@dataclass(frozen=True)
class Verdict:
    """All answers; the reason is what an operator reads."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def reason(self) -> str:
        """What failed, or that nothing did."""
        failed = [check.says for check in self.checks if not check.passed]
        return "; ".join(failed) if failed else "; ".join(check.says for check in self.checks)


def judge(judged: Judged, limits: GateLimits) -> Verdict:
    """Too few matches are the only reason where they are too few; otherwise everything is asked."""
    matches = is_told(judged.told)
    enough = _enough(int(matches.sum()), limits.fewest_matches)
    if not enough.passed:
        return Verdict((enough,))
    checks = [enough, *_absolute(judged, matches, limits), _against_base_rates(judged, matches, limits)]
    checks.append(_against_the_market(judged, matches, limits))
    if judged.in_service is not None:
        checks.append(_against_service(judged, judged.in_service, matches, limits))
    return Verdict(tuple(checks))


def paired_difference(told: Probabilities, other: Probabilities, outcomes: Outcomes) -> tuple[float, float]:
    """By how much the log loss of `told` is lower on the same matches, and the standard error of that."""
    difference = losses(other, outcomes) - losses(told, outcomes)
    if len(difference) < 2:
        return float(difference.sum()), float("inf")
    return float(difference.mean()), float(difference.std(ddof=1) / np.sqrt(len(difference)))


def captured_share(
    told: Probabilities, rates: Probabilities, market: Probabilities, outcomes: Outcomes
) -> float | None:
    """(base rates - model) / (base rates - market) in log loss; None where the market gains nothing."""
    base = losses(rates, outcomes).mean()
    gain = base - losses(market, outcomes).mean()
    return float((base - losses(told, outcomes).mean()) / gain) if gain > 0 else None


def _enough(matches: int, fewest: int) -> Check:
    says = f"judged on {matches} matches"
    if matches < fewest:
        says += f", cannot judge on fewer than {fewest}"
    return Check("matches", float(matches), fewest, matches >= fewest, says)


def _absolute(judged: Judged, matches: NDArray[np.bool_], limits: GateLimits) -> list[Check]:
    figures = measure(judged.told[matches], judged.outcomes[matches])
    checks = [
        _check("log_loss", figures.log_loss, limits.log_loss, figures.log_loss < limits.log_loss, "below")
    ]
    if limits.accuracy is not None:
        passed = figures.accuracy > limits.accuracy
        checks.append(_check("accuracy", figures.accuracy, limits.accuracy, passed, "above"))
    if limits.brier is not None:
        checks.append(_check("brier", figures.brier, limits.brier, figures.brier < limits.brier, "below"))
    return checks


def _against_base_rates(judged: Judged, matches: NDArray[np.bool_], limits: GateLimits) -> Check:
    better, _ = paired_difference(judged.told[matches], judged.rates[matches], judged.outcomes[matches])
    limit = limits.better_than_base_rates
    return _check("better_than_base_rates", better, limit, better >= limit, "at least")


def _against_the_market(judged: Judged, matches: NDArray[np.bool_], limits: GateLimits) -> Check:
    with_odds = matches & is_told(judged.market)
    name, limit = "share_of_the_market", limits.share_of_the_market
    if int(with_odds.sum()) < limits.fewest_matches:
        says = f"not compared with the market: odds of {int(with_odds.sum())} matches only"
        return Check(name, None, limit, True, says)
    share = captured_share(
        judged.told[with_odds], judged.rates[with_odds], judged.market[with_odds], judged.outcomes[with_odds]
    )
    if share is None:
        return Check(name, None, limit, True, "not compared with the market: it is no better than base rates")
    return _check(name, share, limit, share >= limit, "at least")


def _against_service(
    judged: Judged, in_service: Probabilities, matches: NDArray[np.bool_], limits: GateLimits
) -> Check:
    name, limit = "better_than_in_service", limits.standard_errors
    common = matches & is_told(in_service)
    if int(common.sum()) < limits.fewest_matches:
        says = (
            f"cannot be compared with the model in service: only {int(common.sum())} matches that it had not "
            f"seen, {limits.fewest_matches} needed"
        )
        return Check(name, None, limit, False, says)
    better, error = paired_difference(judged.told[common], in_service[common], judged.outcomes[common])
    errors = better / error if error > 0 else 0.0
    passed = errors > limit
    says = (
        f"log loss {better:+.4f} better than the model in service on {int(common.sum())} matches, "
        f"{errors:.2f} standard errors ({'more' if passed else 'not more'} than {limit:g})"
    )
    return Check(name, errors, limit, passed, says)


def _check(name: str, figure: float, limit: float, passed: bool, must_be: str) -> Check:
    shown = name.replace("_", " ")
    says = f"{shown} {figure:.4f}" + ("" if passed else f", must be {must_be} {limit:g}")
    return Check(name, figure, limit, passed, says)
