"""The gate: whether a trained model may serve, and why not, from what it said of matches it had not seen.

Absolute thresholds catch broken models only: in ten of 22 leagues not even the market passes all three. What
judges are the distances to the base rates, to the market and to the model in service, on the same matches.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from modeling.gate_limits import GateLimits
from modeling.metrics import Outcomes, Probabilities, is_told, losses, measure

IN_SERVICE, ARTIFACT = "better_than_in_service", "artifact"


@dataclass(frozen=True)
class Judged:
    """What was said of the same n matches, and how they ended; rows are NaN where nothing was said.

    `told` is the candidate's, `rates` are the base rates, `market` the bookmakers' line with the margin
    removed, `in_service` what the model in service said without having seen the match; it was trained
    `in_service_age` before the candidate. `in_service_lost` is why it cannot be asked at all.
    """

    told: Probabilities
    outcomes: Outcomes
    rates: Probabilities
    market: Probabilities
    in_service: Probabilities | None = None
    in_service_age: timedelta = timedelta()
    in_service_lost: str | None = None


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
    def may_be_forced(self) -> bool:
        """Whether an operator may overrule what failed."""
        return all(check.passed for check in self.checks if check.name == ARTIFACT)

    def with_check(self, check: Check) -> "Verdict":
        return Verdict((*self.checks, check))

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
    elif judged.in_service_lost is not None:
        says = f"the model in service cannot be loaded, so that any is better: {judged.in_service_lost}"
        checks.append(Check(IN_SERVICE, None, limits.standard_errors, True, says))
    return Verdict(tuple(checks))


def artifact_check(fault: str | None) -> Check:
    """Whether all that the model consists of could be loaded; force does not overrule this."""
    says = "it can be loaded" if fault is None else f"it cannot be loaded: {fault}"
    return Check(ARTIFACT, float(fault is None), 1.0, fault is None, says)


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
    """Better beyond chance; or as good, where the model in service has grown old.

    A model of the same procedure is hardly ever better beyond chance, and what it knows of the clubs is
    newer: without the second rule, what serves would never be renewed.
    """
    common = matches & is_told(in_service)
    if int(common.sum()) < limits.fewest_matches:
        says = (
            f"cannot be compared with the model in service: only {int(common.sum())} matches that it had not "
            f"seen, {limits.fewest_matches} needed"
        )
        return Check(IN_SERVICE, None, limits.standard_errors, False, says)
    better, error = paired_difference(judged.told[common], in_service[common], judged.outcomes[common])
    errors = better / error if error > 0 else 0.0
    limit, passed, rule = _as_age_asks(better, errors, judged.in_service_age, limits)
    word = "better" if better >= 0 else "worse"
    says = (
        f"log loss {abs(better):.4f} {word} than that of the model in service, "
        f"on {int(common.sum())} matches, by {abs(errors):.2f} standard errors: {rule}"
    )
    return Check(IN_SERVICE, errors, limit, passed, says)


def _as_age_asks(better: float, errors: float, age: timedelta, limits: GateLimits) -> tuple[float, bool, str]:
    """The limit of the standard errors that counts at this age, whether it is kept, and both in words."""
    limit, days = limits.standard_errors, limits.renew_after_days
    if errors > limit:
        return limit, True, f"more than {limit:g}"
    if days is None or age <= timedelta(days=days):
        return limit, False, f"not more than {limit:g}"
    renews = f"to renew a model that is {age / timedelta(days=1):.0f} days older"
    if errors >= -limit:
        return -limit, True, f"not worse by more than {limit:g}, which is enough {renews}"
    if better >= -limits.renew_tolerance:
        return -limit, True, f"not worse by more than {limits.renew_tolerance:g}, which is enough {renews}"
    return -limit, False, f"worse by more than {limit:g}, too much even {renews}"


def _check(name: str, figure: float, limit: float, passed: bool, must_be: str) -> Check:
    shown = name.replace("_", " ")
    says = f"{shown} {figure:.4f}" + ("" if passed else f", must be {must_be} {limit:g}")
    return Check(name, figure, limit, passed, says)
