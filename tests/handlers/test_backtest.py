"""A backtest over the last season: its figures, its progress, and what it refuses."""

from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from handlers.backtest import BacktestHandler, BacktestParams, ModelName
from jobs.testing import run_inline
from modeling.kinds import KINDS
from modeling.stacks import STACKS
from tests.handlers.conftest import Replayed

pytestmark = pytest.mark.anyio
FROM = datetime(2008, 8, 1, tzinfo=UTC)
TO = datetime(2009, 2, 1, tzinfo=UTC)


def test_every_model_can_be_named() -> None:
    assert list(get_args(ModelName)) == [*KINDS, *STACKS]


async def test_a_backtest_compares_models_on_the_matches_of_its_window(replayed: Replayed) -> None:
    params = BacktestParams(test_from=FROM, test_to=TO, models=("elo_logit", "dynamic_poisson"))
    _, result = await run_inline(replayed.database, replayed.settings, BacktestHandler, params)
    compared = result.all_matches
    assert (result.test_to, result.with_odds, result.left_out) == (TO, None, [])
    assert [season.period for season in compared.seasons] == ["2008-09"]
    assert [month.period for month in compared.months] == [
        *("2008-08", "2008-09", "2008-10", "2008-11", "2008-12", "2009-01")
    ]
    assert sum(month.matches for month in compared.months) == compared.overall.matches > 150
    scores = compared.overall.scores
    assert set(scores) == {"elo_logit", "dynamic_poisson", "base_rates"}
    assert set(scores["elo_logit"]) == {"log_loss", "brier", "rps", "accuracy", "ece"}
    assert scores["dynamic_poisson"]["log_loss"] < scores["base_rates"]["log_loss"]


@pytest.mark.parametrize(
    "params",
    [
        {"test_from": FROM, "test_to": FROM},
        {"test_from": FROM, "models": ["nobody"]},
        {"test_from": FROM, "refit_days": 1},
        {},
    ],
)
def test_what_makes_no_sense_is_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        BacktestParams.model_validate(params)
