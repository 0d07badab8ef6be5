"""Training: chronological, repeatable, and honest about what its figures belong to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from modeling.backtest import out_of_sample
from modeling.examples import CLOSING_LINE, Examples
from modeling.kinds import KINDS
from modeling.predict import load_model
from modeling.registry import best_of
from modeling.stacks import STACKS
from modeling.train import NotEnoughMatches, Report, Training, train
from modeling.validation import windows
from sports.football.features import match_features
from tests.modeling.invented import MATCHES, WITH_ODDS, WITHOUT_ODDS, examples_of, no_market
from tests.sports.league import bundesliga

REPORTS: list[tuple[float, str]] = []
START: datetime = MATCHES["kickoff_at"].min().to_pydatetime()
END: datetime = MATCHES["kickoff_at"].max().to_pydatetime() + timedelta(days=1)
THE_NINETIES = datetime(1990, 1, 1, tzinfo=UTC)
# The quick ones, for what is asked of training and not of a model.
FEW = {name: KINDS[name] for name in ("elo_logit", "dynamic_poisson")}


def trained(
    examples: Examples = WITHOUT_ODDS,
    as_of: datetime = END,
    train_from: datetime = START,
    report: Report = lambda _, __: None,
) -> Training:
    return train(examples, as_of=as_of, train_from=train_from, report=report)


@pytest.fixture(scope="module")
def training() -> Training:
    return trained(WITH_ODDS, report=lambda fraction, message: REPORTS.append((fraction, message)))


@pytest.fixture
def few_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modeling.train.KINDS", FEW)


def test_every_model_is_trained_and_says_all_of_itself(training: Training) -> None:
    assert [model.name for model in training.models] == [*KINDS, *STACKS]
    for model in training.models:
        assert {"log_loss", "brier", "rps", "accuracy", "ece", "base_rates_log_loss"} <= set(model.metrics)
        assert model.metrics["matches"] == model.validation_matches == training.base_rates.matches
        assert model.metrics["base_rates_log_loss"] == training.base_rates.log_loss
        assert set(model.importance) == set(model.features)
        assert model.train_matches == len(MATCHES)
        assert (model.data_from, model.data_to) == (START, END - timedelta(days=1))


def test_the_figures_beat_the_base_rates(training: Training) -> None:
    assert all(model.metrics["log_loss"] < training.base_rates.log_loss for model in training.models)


async def test_the_artifacts_predict_what_the_trained_models_would(training: Training) -> None:
    artifacts = {model.artifact_sha256: model.artifact for model in training.models}

    async def load(key: str) -> bytes:
        return artifacts[key]

    latest = WITH_ODDS.part(slice(-10, None))
    told = {
        model.name: (await load_model(model.name, model.artifact_sha256, load)).predict_proba(latest)
        for model in training.models
    }
    assert all(p.sum(axis=1) == pytest.approx(np.ones(10)) for p in told.values())
    weights = next(m for m in training.models if m.name == "ensemble").parameters["weights"]
    pooled = np.exp(sum(weight * np.log(told[name]) for name, weight in weights.items()))
    assert told["ensemble"] == pytest.approx(pooled / pooled.sum(axis=1, keepdims=True))


def test_the_best_has_an_answer_to_every_match(training: Training) -> None:
    log_loss = {model.name: model.metrics["log_loss"] for model in training.models}
    able = {
        name: figure for name, figure in log_loss.items() if name not in ("market_logit", "xgboost_market")
    }
    assert best_of(training).name == min(able, key=lambda name: able[name])
    only_market = [
        replace(m, metrics={**m.metrics, "log_loss": 0.1}) if m.name == "market_logit" else m
        for m in training.models
    ]
    assert best_of(replace(training, models=only_market)).name == best_of(training).name


def test_without_odds_the_models_that_read_them_are_left_out(training: Training) -> None:
    without = trained()
    assert [model.name for model in without.models] == [
        *(name for name, kind in KINDS.items() if not kind.reads_odds),
        "ensemble",
    ]
    with_odds = {model.name: model.metrics for model in training.models}
    assert all(model.metrics == with_odds[model.name] for model in without.models)


@pytest.mark.usefixtures("few_kinds")
def test_the_same_input_gives_the_same_figures_in_any_order() -> None:
    shuffled = examples_of(MATCHES.sample(frac=1, random_state=4))
    for one, other in zip(trained().models, trained(shuffled).models, strict=True):
        assert one.metrics == pytest.approx(other.metrics)
        assert one.train_matches == other.train_matches


@pytest.mark.usefixtures("few_kinds")
def test_nothing_after_as_of_or_before_train_from_is_used() -> None:
    as_of, train_from = START + timedelta(days=1_200), START + timedelta(days=300)
    inside = (MATCHES["kickoff_at"] >= train_from) & (MATCHES["kickoff_at"] < as_of)
    other = replace(WITHOUT_ODDS, matches=WITHOUT_ODDS.matches.copy())
    other.matches.loc[~inside, "home_goals"] = 9.0
    models = trained(as_of=as_of, train_from=train_from).models
    changed = trained(other, as_of=as_of, train_from=train_from).models
    assert [model.metrics for model in models] == [model.metrics for model in changed]
    assert {model.train_matches for model in models} == {int(inside.sum())}
    assert all(train_from <= model.data_from <= model.data_to < as_of for model in models)


@pytest.mark.parametrize("name", list(KINDS))
def test_how_matches_of_the_validation_window_ended_does_not_reach_what_was_said_of_them(name: str) -> None:
    split = windows(WITH_ODDS.matches["kickoff_at"])
    matches = WITH_ODDS.matches.copy()
    goals = ["home_goals", "away_goals"]
    # All of them, but for models that are fitted anew within the window: those may see its first matches.
    stale_after = KINDS[name].stale_after
    hidden = slice(split.validate.start, None) if stale_after is None else slice(-5, None)
    index = matches.index[hidden]
    for columns in (goals, list(CLOSING_LINE)):
        matches.loc[index, columns] = matches.loc[index, columns[::-1]].to_numpy()
    told = out_of_sample(KINDS[name], WITH_ODDS, split.validate)
    again = out_of_sample(KINDS[name], replace(WITH_ODDS, matches=matches), split.validate)
    assert (told == again).all()


def test_fixtures_are_not_counted() -> None:
    matches = MATCHES.head(310).copy()
    matches.loc[matches.index[-20:], ["home_goals", "away_goals"]] = np.nan
    with pytest.raises(NotEnoughMatches, match="found 290"):
        trained(examples_of(matches))


def test_too_few_matches_say_how_many_are_needed_and_found() -> None:
    with pytest.raises(NotEnoughMatches, match="needs 300 matches with a known result, found 100"):
        trained(WITHOUT_ODDS.part(slice(0, 100)))


def test_nothing_at_all_is_not_enough() -> None:
    with pytest.raises(NotEnoughMatches, match="found 0"):
        trained(WITHOUT_ODDS.part(slice(0, 0)))


def test_progress_grows_from_zero_to_one_with_a_message(training: Training) -> None:
    assert training.models
    fractions = [fraction for fraction, _ in REPORTS]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0, 1)
    assert all(message for _, message in REPORTS)


def test_the_real_bundesliga_is_predicted_better_than_by_its_base_rates() -> None:
    matches = bundesliga()
    recent = matches[matches["kickoff_at"] > "1995-07-01"]
    known = Examples(recent, match_features(matches).loc[recent.index], no_market(recent))
    training = trained(known, as_of=datetime(2009, 6, 1, tzinfo=UTC), train_from=THE_NINETIES)
    assert training.base_rates.log_loss == pytest.approx(1.07, abs=0.02)
    for model in training.models:
        assert 0.95 < model.metrics["log_loss"] < training.base_rates.log_loss - 0.02
        assert model.metrics["ece"] < 0.1
