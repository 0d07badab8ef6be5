"""Training: chronological, repeatable, and honest about what its figures belong to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from modeling.elo_logit import EloLogit
from modeling.kinds import KINDS
from modeling.predict import predict
from modeling.train import NotEnoughMatches, Report, Training, _judge, _known, train
from modeling.validation import windows
from sports.football.features import match_features
from tests.sports.league import bundesliga, invented_league

MATCHES = invented_league(clubs=12, seasons=5)
FEATURES = match_features(MATCHES)
REPORTS: list[tuple[float, str]] = []
START: datetime = MATCHES["kickoff_at"].min().to_pydatetime()
END: datetime = MATCHES["kickoff_at"].max().to_pydatetime() + timedelta(days=1)
THE_NINETIES = datetime(1990, 1, 1, tzinfo=UTC)


def trained(
    matches: pd.DataFrame = MATCHES,
    features: pd.DataFrame = FEATURES,
    as_of: datetime = END,
    train_from: datetime = START,
    report: Report = lambda _, __: None,
) -> Training:
    return train(
        matches,
        features,
        as_of=as_of,
        train_from=train_from,
        report=report,
    )


@pytest.fixture(scope="module")
def training() -> Training:
    return trained(report=lambda fraction, message: REPORTS.append((fraction, message)))


def test_every_model_is_trained_and_says_all_of_itself(training: Training) -> None:
    assert [model.name for model in training.models] == list(KINDS)
    for model in training.models:
        assert {"log_loss", "brier", "rps", "accuracy", "ece", "base_rates_log_loss"} <= set(model.metrics)
        assert model.metrics["matches"] == model.validation_matches == training.base_rates.matches
        assert model.metrics["base_rates_log_loss"] == training.base_rates.log_loss
        assert set(model.importance) == set(model.features)
        assert model.train_matches == len(MATCHES)
        assert (model.data_from, model.data_to) == (START, END - timedelta(days=1))


def test_the_figures_beat_the_base_rates(training: Training) -> None:
    assert all(model.metrics["log_loss"] < training.base_rates.log_loss for model in training.models)


def test_the_artifacts_predict(training: Training) -> None:
    for model in training.models:
        probabilities = predict(model.name, model.artifact, FEATURES.tail(10))
        assert probabilities.sum(axis=1) == pytest.approx(np.ones(10))


def test_the_same_input_gives_the_same_figures_in_any_order(training: Training) -> None:
    shuffled = MATCHES.sample(frac=1, random_state=4)
    again = trained(shuffled, match_features(shuffled))
    for one, other in zip(training.models, again.models, strict=True):
        assert one.metrics == other.metrics
        assert one.parameters == other.parameters


def test_nothing_after_as_of_or_before_train_from_is_used() -> None:
    as_of, train_from = START + timedelta(days=1_200), START + timedelta(days=300)
    inside = (MATCHES["kickoff_at"] >= train_from) & (MATCHES["kickoff_at"] < as_of)
    other = MATCHES.copy()
    other.loc[~inside, "home_goals"] = 9.0
    models = trained(as_of=as_of, train_from=train_from).models
    changed = trained(other, as_of=as_of, train_from=train_from).models
    assert [model.metrics for model in models] == [model.metrics for model in changed]
    assert {model.train_matches for model in models} == {int(inside.sum())}
    assert all(train_from <= model.data_from <= model.data_to < as_of for model in models)


def test_the_outcomes_of_the_validation_window_do_not_reach_the_judged_model() -> None:
    # A log loss is a mean over matches: where the probabilities do not follow the outcomes, turning two
    # halves of them changes it by the sum of what turning either does.
    data = _known(MATCHES, FEATURES, END, START)
    split = windows(data.matches["kickoff_at"])
    middle = (split.validate.start + split.validate.stop) // 2
    first, second = slice(split.validate.start, middle), slice(middle, split.validate.stop)

    def log_loss_with(*turned: slice) -> float:
        outcomes = data.outcomes.copy()
        for window in turned:
            outcomes[window] = 2 - outcomes[window]
        return _judge(EloLogit, replace(data, outcomes=outcomes), split).log_loss

    as_it_was = log_loss_with()
    by_first, by_second = log_loss_with(first) - as_it_was, log_loss_with(second) - as_it_was
    assert by_first > 0.01
    assert by_second > 0.01
    assert log_loss_with(first, second) - as_it_was == pytest.approx(by_first + by_second, abs=1e-9)


def test_fixtures_are_not_counted() -> None:
    matches = MATCHES.head(310).copy()
    matches.loc[matches.index[-20:], ["home_goals", "away_goals"]] = np.nan
    with pytest.raises(NotEnoughMatches, match="found 290"):
        trained(matches, FEATURES.head(310))


def test_too_few_matches_say_how_many_are_needed_and_found() -> None:
    with pytest.raises(NotEnoughMatches, match="needs 300 matches with a known result, found 100"):
        trained(MATCHES.head(100), FEATURES.head(100))


def test_nothing_at_all_is_not_enough() -> None:
    with pytest.raises(NotEnoughMatches, match="found 0"):
        trained(MATCHES.head(0), FEATURES.head(0))


def test_progress_grows_from_zero_to_one_with_a_message(training: Training) -> None:
    assert training.models
    fractions = [fraction for fraction, _ in REPORTS]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0, 1)
    assert all(message for _, message in REPORTS)


def test_the_real_bundesliga_is_predicted_better_than_by_its_base_rates() -> None:
    matches = bundesliga()
    recent = matches[matches["kickoff_at"] > "1995-07-01"]
    features = match_features(matches).loc[recent.index]
    training = trained(recent, features, as_of=datetime(2009, 6, 1, tzinfo=UTC), train_from=THE_NINETIES)
    assert training.base_rates.log_loss == pytest.approx(1.07, abs=0.02)
    for model in training.models:
        assert 0.95 < model.metrics["log_loss"] < training.base_rates.log_loss - 0.02
        assert model.metrics["ece"] < 0.1
