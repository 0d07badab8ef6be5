"""What the parameters of a run may say, as JSON: how far it looks, and what it bets."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from handlers.prediction_generation import PredictionGenerationParams


def params(**given: Any) -> PredictionGenerationParams:
    return PredictionGenerationParams.model_validate_json(json.dumps(given), strict=True)


@pytest.mark.parametrize(
    ("given", "horizon"),
    [
        ({}, timedelta(days=7)),
        ({"horizon_days": 3}, timedelta(days=3)),
        ({"horizon_hours": 48}, timedelta(hours=48)),
        ({"horizon_hours": None}, timedelta(days=7)),
    ],
)
def test_it_looks_as_far_as_it_is_told(given: dict[str, Any], horizon: timedelta) -> None:
    assert params(**given).horizon == horizon


def test_money_is_the_decimal_that_was_written() -> None:
    told = params(staking="flat", stake=12.1, opening_bankroll="250.10", bet_cap=0.1)
    assert (told.stake, told.opening_bankroll) == (Decimal("12.1"), Decimal("250.10"))
    assert told.plan.bet_cap == Decimal("0.1")


@pytest.mark.parametrize("given", [{}, {"horizon_hours": 48}, {"staking": "flat", "stake": 5, "bet": True}])
def test_what_is_stored_with_the_job_is_read_as_the_same(given: dict[str, Any]) -> None:
    told = params(**given)
    stored = json.loads(told.model_dump_json())
    assert params(**stored) == PredictionGenerationParams.model_validate(stored) == told


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"horizon_days": 2, "horizon_hours": 48}, "give only one of horizon_days and horizon_hours"),
        ({"staking": "flat"}, "flat staking needs a stake"),
        ({"stake": 5}, "stake is of flat staking"),
        ({"staking": "flat", "stake": 0.001}, "no more than 2 decimal places"),
        ({"lowest_price": 3, "highest_price": 2}, "lowest_price 3 is above highest_price 2"),
        ({"bet_cap": 1.5}, "less than or equal to 1"),
        ({"stake": "NaN", "staking": "flat"}, "finite number"),
        ({"bankroll": "Main Street"}, "should match pattern"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        params(**given)
