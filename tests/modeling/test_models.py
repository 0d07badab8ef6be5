"""Every model: what they learn, what they refuse, and that their bytes bring them back and nothing else."""

import io
import json
import zipfile
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.optimize import check_grad
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesRegressor
from skops.io import dumps

from modeling.artifacts import ArtifactUnusable
from modeling.calibration import Calibration
from modeling.elo_logit import EloLogit, _loss
from modeling.examples import CLOSING_LINE, Examples
from modeling.kinds import KINDS
from modeling.metrics import measure
from modeling.model import Calibrated, FeaturesUnusable, Model
from modeling.random_forest import FORMAT, RandomForest
from modeling.stacks import answers_every_match
from tests.modeling.invented import WITH_ODDS, WITHOUT_ODDS

CALIBRATION = Calibration(0.9, (0.1, -0.05, -0.05))
PAST, LATER = WITH_ODDS.part(slice(0, 500)), WITH_ODDS.part(slice(500, None))
FITTED: dict[str, Model] = {name: kind.fit(PAST) for name, kind in KINDS.items()}
every = pytest.mark.parametrize("name", list(KINDS))
BY_FEATURES = [name for name, kind in KINDS.items() if name not in ("dixon_coles", "market_logit")]
by_features = pytest.mark.parametrize("name", BY_FEATURES)


def with_features(features: pd.DataFrame, examples: Examples = LATER) -> Examples:
    return replace(examples, features=features)


def read_back(name: str, artifact: bytes) -> Calibrated:
    return KINDS[name].from_bytes(artifact)


def opening_line(examples: Examples) -> NDArray[np.float64]:
    odds = np.exp(examples.market[["market_home_log_odds", "market_away_log_odds"]].to_numpy())
    weights = np.column_stack([odds[:, 0], np.ones(len(odds)), odds[:, 1]])
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


@every
def test_it_beats_the_frequencies_on_later_matches(name: str) -> None:
    frequencies = np.tile(np.bincount(PAST.outcomes) / len(PAST), (len(LATER), 1))
    told = measure(FITTED[name].predict_proba(LATER), LATER.outcomes)
    assert told.log_loss < measure(frequencies, LATER.outcomes).log_loss - 0.02


@every
def test_its_bytes_bring_it_back_with_its_calibration(name: str) -> None:
    artifact = FITTED[name].to_bytes(CALIBRATION)
    told = read_back(name, artifact).predict_proba(LATER)
    expected = CALIBRATION.apply(FITTED[name].predict_proba(LATER))
    assert told == pytest.approx(expected, abs=1e-12)
    assert told.sum(axis=1) == pytest.approx(np.ones(len(told)))


@every
def test_the_same_matches_make_the_same_model(name: str) -> None:
    assert (KINDS[name].fit(PAST).predict_proba(LATER) == FITTED[name].predict_proba(LATER)).all()


@every
def test_importance_is_shares_of_its_features(name: str) -> None:
    importance = FITTED[name].importance()
    assert list(importance) == list(FITTED[name].features)
    assert sum(importance.values()) == pytest.approx(1)
    assert min(importance.values()) >= 0


@every
def test_it_serves_alone_unless_it_reads_odds(name: str) -> None:
    assert answers_every_match(name, FITTED[name].features) is not KINDS[name].reads_odds


@every
def test_what_analysts_see_is_json(name: str) -> None:
    json.dumps([FITTED[name].parameters(), FITTED[name].importance()], allow_nan=False)


@by_features
def test_columns_may_come_in_any_order_and_with_others(name: str) -> None:
    mixed = LATER.features.assign(another=1.0)[["another", *reversed(LATER.features.columns)]]
    assert (FITTED[name].predict_proba(with_features(mixed)) == FITTED[name].predict_proba(LATER)).all()


@every
def test_no_rows_have_no_probabilities(name: str) -> None:
    told = read_back(name, FITTED[name].to_bytes(CALIBRATION)).predict_proba(LATER.part(slice(0, 0)))
    assert told.shape == (0, 3)


@by_features
def test_a_missing_column_is_named(name: str) -> None:
    column = next(name for name in FITTED[name].features if not name.startswith("market"))
    with pytest.raises(FeaturesUnusable, match=column):
        FITTED[name].predict_proba(with_features(LATER.features.drop(columns=column)))


@by_features
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_does_not_reach_the_model(name: str, value: float) -> None:
    column = next(name for name in FITTED[name].features if not name.startswith("market"))
    three = LATER.part(slice(0, 3))
    broken = with_features(three.features.assign(**{column: [1.0, value, 1.0]}), three)
    with pytest.raises(FeaturesUnusable, match=f"not a finite number in {column}"):
        FITTED[name].predict_proba(broken)


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.reads_odds])
def test_a_match_without_odds_gets_no_prediction_where_odds_are_read(name: str) -> None:
    market = LATER.market.copy()
    market.iloc[0, 0] = np.nan
    told = FITTED[name].predict_proba(replace(LATER, market=market))
    assert np.isnan(told[0]).all()
    assert (told[1:] == FITTED[name].predict_proba(LATER)[1:]).all()


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if not kind.reads_odds])
def test_without_odds_the_same_is_said_where_none_are_read(name: str) -> None:
    past, later = WITHOUT_ODDS.part(slice(0, 500)), WITHOUT_ODDS.part(slice(500, None))
    assert (KINDS[name].fit(past).predict_proba(later) == FITTED[name].predict_proba(LATER)).all()


@every
def test_an_outcome_that_never_happened_is_improbable_and_no_error(name: str) -> None:
    # Without closing lines, which are learnt from in the place of results.
    matches = PAST.matches.drop(columns=list(CLOSING_LINE))
    drawn = PAST.outcomes == 1
    usual, other = (
        CALIBRATION.apply(KINDS[name].fit(replace(PAST, matches=known)).predict_proba(LATER))
        for known in (matches, matches.assign(home_goals=matches["home_goals"] + drawn))
    )
    assert np.isfinite(other).all()
    assert other[:, 1].mean() < usual[:, 1].mean()
    if name == "elo_logit":
        assert other[:, 1].max() < 0.01


def test_the_market_logit_follows_the_closing_line_and_not_the_results() -> None:
    swapped = PAST.matches.rename(columns={"home_goals": "away_goals", "away_goals": "home_goals"})
    fitted = KINDS["market_logit"].fit(replace(PAST, matches=swapped))
    assert (fitted.predict_proba(LATER) == FITTED["market_logit"].predict_proba(LATER)).all()
    later_truth = LATER.closing
    told, line = FITTED["market_logit"].predict_proba(LATER), opening_line(LATER)
    assert np.abs(told - later_truth).mean() < np.abs(line - later_truth).mean()


@every
@pytest.mark.parametrize("artifact", [b"", b"{}", b"null", b"[1]", b"\x80\x04N.", b"PK\x05\x06" + b"\0" * 18])
def test_bytes_that_are_no_artifact_are_refused(name: str, artifact: bytes) -> None:
    with pytest.raises(ArtifactUnusable):
        read_back(name, artifact)


@every
def test_a_cut_off_artifact_is_refused(name: str) -> None:
    artifact = FITTED[name].to_bytes(CALIBRATION)
    with pytest.raises(ArtifactUnusable):
        read_back(name, artifact[: len(artifact) // 2])


def test_the_gradient_of_the_ordered_logit_is_the_slope_of_its_loss() -> None:
    random = np.random.default_rng(1)
    standard, outcomes = random.normal(size=(60, 2)), random.integers(0, 3, 60)
    point = np.array([0.3, -0.2, -0.8, 0.1])
    difference = check_grad(
        lambda x: _loss(x, standard, outcomes)[0], lambda x: _loss(x, standard, outcomes)[1], point
    )
    assert difference < 1e-6


def test_the_ordered_logit_finds_the_weights_that_made_the_outcomes() -> None:
    random = np.random.default_rng(5)
    elo = random.normal(0, 150, 20_000)
    latent = elo / 200 + random.logistic(size=20_000)
    outcomes = np.where(latent > 0.2, 0, np.where(latent < -1.0, 2, 1))
    features = pd.DataFrame({"elo_difference": elo, "league_home_wins": 0.45, "league_draws": 0.25})
    goals = pd.DataFrame({"home_goals": 1.0 - outcomes, "away_goals": 0.0})
    model = EloLogit.fit(Examples(goals, features, features))
    assert model.weights[0] / model.scales[0] == pytest.approx(1 / 200, rel=0.05)
    shift = model.weights[0] * model.means[0] / model.scales[0]
    assert (model.low + shift, model.high + shift) == pytest.approx((-1.0, 0.2), abs=0.05)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "matchday.elo_logit/9"},
        {"weights": [1.0]},
        {"scales": [1.0, 0.0, 1.0]},
        {"low": 5.0},
        {"low": "high"},
        {"means": [float("nan")] * 3},
        {"another": 1},
    ],
)
def test_an_inconsistent_elo_logit_document_is_refused(change: dict[str, Any]) -> None:
    document = json.loads(FITTED["elo_logit"].to_bytes(CALIBRATION)) | change
    with pytest.raises(ArtifactUnusable):
        EloLogit.from_bytes(json.dumps(document).encode())


def grown(forest: ExtraTreesRegressor) -> ExtraTreesRegressor:
    """A forest like this one, but with splits: the matches of a test are too few for its leaves."""
    small = clone(forest).set_params(n_estimators=2, min_samples_leaf=10)
    return small.fit(PAST.features.to_numpy(), np.eye(3)[PAST.outcomes][:, [0, 2]])


def forest_document(**change: Any) -> bytes:
    model = FITTED["random_forest"]
    assert isinstance(model, RandomForest)
    document = {
        "format": FORMAT,
        "forest": grown(model.forest),
        "features": list(model.features),
        "sharpness": 1.0,
        "shifts": [0.0, 0.0, 0.0],
    }
    return bytes(dumps(document | change))


def test_a_forest_with_splits_comes_back_and_says_the_same() -> None:
    model = FITTED["random_forest"]
    assert isinstance(model, RandomForest)
    with_splits = replace(model, forest=grown(model.forest))
    told = with_splits.predict_proba(LATER)
    assert (told != model.predict_proba(LATER)).any()
    assert (
        RandomForest.from_bytes(with_splits.to_bytes(Calibration())).predict_proba(LATER)
    ) == pytest.approx(told)


def test_a_type_that_is_not_expected_is_not_built() -> None:
    with pytest.raises(ArtifactUnusable, match="UntrustedTypesFound"):
        RandomForest.from_bytes(bytes(dumps({"forest": Calibration()})))


@pytest.mark.parametrize(
    "change",
    [
        {"format": "matchday.random_forest/9"},
        {"forest": "a forest"},
        {"features": ["elo_difference"]},
        {"features": list(range(len(WITH_ODDS.features.columns)))},
        {"sharpness": "1"},
        {"shifts": [0.0]},
    ],
)
def test_an_inconsistent_forest_document_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ArtifactUnusable, match="a part is missing or of another type"):
        RandomForest.from_bytes(forest_document(**change))


@pytest.mark.parametrize(("column", "value"), [("left_child", 10**9), ("right_child", 0), ("feature", 10**6)])
def test_a_tree_that_points_outside_itself_is_refused(column: str, value: int) -> None:
    artifact = with_changed_node(forest_document(), column, value)
    with pytest.raises(ArtifactUnusable, match="a part is missing or of another type"):
        RandomForest.from_bytes(artifact)


def with_changed_node(artifact: bytes, column: str, value: int) -> bytes:
    """The artifact with the root of one tree changed, as somebody might who wants to crash the reader."""
    changed = io.BytesIO()
    done = False
    with zipfile.ZipFile(io.BytesIO(artifact)) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name.endswith(".npy") and not done:
                array = np.load(io.BytesIO(data))
                if array.dtype.names and column in array.dtype.names:
                    array[column][0] = value
                    out = io.BytesIO()
                    np.save(out, array)
                    data, done = out.getvalue(), True
            target.writestr(name, data)
    assert done
    return changed.getvalue()
