"""The gate refuses what is stale, shuffled, swapped or over-confident, and lets a good model through."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from modeling.gate import Check, Judged, artifact_check, captured_share, judge, paired_difference
from modeling.gate_limits import GateLimits, usual_limits

MATCHES = 1_000
LIMITS = GateLimits()


def season(seed: int = 3, matches: int = MATCHES) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Probabilities as a league has them, and outcomes that follow them."""
    random = np.random.default_rng(seed)
    strength = random.normal(0.25, 0.9, matches)
    weights = np.exp(np.column_stack([strength, np.full(matches, -0.25), -strength]))
    true = weights / weights.sum(axis=1, keepdims=True)
    outcomes = (random.random((matches, 1)) > true.cumsum(axis=1)).sum(axis=1)
    return true, outcomes.astype(np.int64)


TRUE, OUTCOMES = season()
RATES = np.tile(np.bincount(OUTCOMES) / MATCHES, (MATCHES, 1))


def mixed(share: float) -> NDArray[np.float64]:
    return share * TRUE + (1 - share) * RATES


GOOD = mixed(0.9)
MARKET = mixed(0.97)
SEASON = Judged(GOOD, OUTCOMES, RATES, MARKET, None)


def failed(judged: Judged, limits: GateLimits = LIMITS) -> set[str]:
    return {check.name for check in judge(judged, limits).checks if not check.passed}


def test_a_good_model_passes() -> None:
    verdict = judge(SEASON, LIMITS)
    assert verdict.passed
    assert "share of the market" in verdict.reason


def over_confident() -> NDArray[np.float64]:
    cubed = GOOD**3
    return np.asarray(cubed / cubed.sum(axis=1, keepdims=True))


BAD = {
    "stale": mixed(0.35),
    "shuffled": np.random.default_rng(1).permutation(GOOD),
    "swapped": GOOD[:, ::-1],
    "over-confident": over_confident(),
    "uniform": np.full((MATCHES, 3), 1 / 3),
    "base rates": RATES,
}


@pytest.mark.parametrize("name", list(BAD))
def test_a_bad_model_is_refused_with_the_reason(name: str) -> None:
    verdict = judge(replace(SEASON, told=BAD[name]), LIMITS)
    assert not verdict.passed
    assert "share_of_the_market" in {check.name for check in verdict.checks if not check.passed}
    assert "must be" in verdict.reason


def test_too_few_matches_are_the_only_reason() -> None:
    few = Judged(GOOD[:379], OUTCOMES[:379], RATES[:379], MARKET[:379], None)
    verdict = judge(few, LIMITS)
    assert [check.name for check in verdict.checks] == ["matches"]
    assert verdict.reason == "judged on 379 matches, cannot judge on fewer than 380"


@pytest.mark.parametrize(
    ("limit", "name"),
    [
        (GateLimits(log_loss=0.5), "log_loss"),
        (GateLimits(accuracy=0.99), "accuracy"),
        (GateLimits(brier=0.1), "brier"),
        (GateLimits(better_than_base_rates=0.9), "better_than_base_rates"),
        (GateLimits(share_of_the_market=1.0), "share_of_the_market"),
    ],
)
def test_each_limit_is_asked_by_itself(limit: GateLimits, name: str) -> None:
    assert failed(SEASON, limit) == {name}


def test_accuracy_and_brier_are_asked_only_where_the_market_reaches_them() -> None:
    assert usual_limits({"E0", "D1"}, 380) == GateLimits()
    for limits in (usual_limits({"E0", "E1"}, 380), usual_limits({"E0"}, 379)):
        asked = {check.name for check in judge(SEASON, limits).checks}
        assert asked == {"matches", "log_loss", "better_than_base_rates", "share_of_the_market"}


def test_where_there_are_no_odds_the_market_is_not_asked() -> None:
    verdict = judge(replace(SEASON, market=np.full_like(MARKET, np.nan)), LIMITS)
    check = next(check for check in verdict.checks if check.name == "share_of_the_market")
    assert verdict.passed
    assert (check.figure, check.says) == (None, "not compared with the market: odds of 0 matches only")


def test_an_equal_model_does_not_replace_the_one_in_service() -> None:
    assert failed(replace(SEASON, in_service=GOOD)) == {"better_than_in_service"}


def test_a_model_that_is_better_by_more_than_a_standard_error_replaces_it() -> None:
    in_service = mixed(0.6)
    better, error = paired_difference(GOOD, in_service, OUTCOMES)
    assert better > error
    assert judge(replace(SEASON, in_service=in_service), LIMITS).passed
    assert failed(replace(SEASON, in_service=in_service), GateLimits(standard_errors=better / error)) == {
        "better_than_in_service"
    }


def aged(days: float, told: NDArray[np.float64] = GOOD) -> Judged:
    """A candidate that is `told`, compared with a good model in service that is so many days older."""
    return replace(SEASON, told=told, in_service=GOOD, in_service_age=timedelta(days=days))


def in_service_check(judged: Judged, limits: GateLimits = LIMITS) -> Check:
    return next(check for check in judge(judged, limits).checks if check.name == "better_than_in_service")


def test_an_equal_model_renews_one_that_is_older_than_28_days() -> None:
    assert not in_service_check(aged(28)).passed
    renewed = in_service_check(aged(28.001))
    assert renewed.passed
    assert "not worse by more than 1, which is enough to renew a model that is 28 days older" in renewed.says


def test_a_model_that_is_a_little_worse_renews_an_old_one_and_a_worse_one_does_not() -> None:
    worse = mixed(0.6)
    better, error = paired_difference(worse, GOOD, OUTCOMES)
    assert better < 0
    at_the_limit = GateLimits(standard_errors=-better / error, renew_tolerance=0)
    beyond_it = GateLimits(standard_errors=-better / error - 0.001, renew_tolerance=0)
    assert in_service_check(aged(35, worse), at_the_limit).passed
    refused = in_service_check(aged(35, worse), beyond_it)
    assert not refused.passed
    assert refused.limit == -beyond_it.standard_errors
    assert "worse by more than" in refused.says


def test_what_is_worse_by_next_to_nothing_renews_however_sure_that_is() -> None:
    worse = mixed(0.85)
    better, _ = paired_difference(worse, GOOD, OUTCOMES)
    enough = GateLimits(standard_errors=0, renew_tolerance=-better)
    assert in_service_check(aged(35, worse), enough).passed
    assert not in_service_check(aged(20, worse), enough).passed
    too_little = GateLimits(standard_errors=0, renew_tolerance=-better - 1e-6)
    assert not in_service_check(aged(35, worse), too_little).passed


def test_a_better_model_replaces_an_old_one_for_being_better() -> None:
    judged = replace(aged(100), in_service=mixed(0.6))
    assert in_service_check(judged).says.endswith("standard errors: more than 1")


def test_a_model_in_service_that_cannot_be_loaded_keeps_nobody_away() -> None:
    verdict = judge(replace(SEASON, in_service_lost="artifact 123 is not in the folder"), LIMITS)
    assert verdict.passed
    assert "the model in service cannot be loaded, so that any is better: artifact 123" in verdict.reason


def test_force_overrules_figures_but_not_an_artifact_that_cannot_be_loaded() -> None:
    bad = judge(replace(SEASON, told=BAD["swapped"]), LIMITS)
    assert bad.with_check(artifact_check(None)).may_be_forced
    broken = bad.with_check(artifact_check("xgboost: its process was killed by SIGSEGV"))
    assert not broken.may_be_forced
    assert broken.reason.endswith("it cannot be loaded: xgboost: its process was killed by SIGSEGV")


def test_how_old_is_old_can_be_set_or_never() -> None:
    assert in_service_check(aged(8), GateLimits(renew_after_days=7)).passed
    assert not in_service_check(aged(10_000), GateLimits(renew_after_days=None)).passed


def test_a_comparison_needs_matches_that_both_have_not_seen() -> None:
    in_service = mixed(0.3)
    in_service[: MATCHES - 100] = np.nan
    verdict = judge(replace(SEASON, in_service=in_service), LIMITS)
    assert "only 100 matches that it had not seen" in verdict.reason


def test_the_share_is_one_for_the_market_and_zero_for_base_rates() -> None:
    assert captured_share(MARKET, RATES, MARKET, OUTCOMES) == pytest.approx(1)
    assert captured_share(RATES, RATES, MARKET, OUTCOMES) == pytest.approx(0)
    assert captured_share(GOOD, RATES, RATES, OUTCOMES) is None


def test_the_paired_difference_is_the_mean_and_its_standard_error() -> None:
    told, other, outcomes = (
        np.array([[0.5, 0.3, 0.2]] * 2),
        np.array([[0.25, 0.5, 0.25]] * 2),
        np.array([0, 0]),
    )
    better, error = paired_difference(told, other, outcomes)
    assert better == pytest.approx(np.log(2))
    assert error == pytest.approx(0)
