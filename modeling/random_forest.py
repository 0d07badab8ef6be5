"""Random forest that corrects what the clubs' strengths let expect. Kept with skops, which rebuilds only the
types that are listed here.
"""

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Self

import numpy as np
from scipy.special import softmax
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.tree import ExtraTreeRegressor
from sklearn.tree._tree import Tree
from skops.io import dumps, loads

from modeling.artifacts import ArtifactUnusable
from modeling.calibration import Calibration
from modeling.examples import Examples
from modeling.metrics import OUTCOMES, Probabilities
from modeling.model import Calibrated, inputs

FORMAT = "matchday.random_forest/1"
TREES = 100
MATCHES_IN_A_LEAF = 200
# Each tree sees half of the matches, each split half of the features: the trees differ more.
SHARE_OF_MATCHES, SHARE_OF_FEATURES = 0.5, 0.5
START = ("strength_home_log_odds", "strength_away_log_odds")
# What is left of an outcome that the forest would call impossible.
LEAST_PROBABLE = 0.01
SEED = 20_260_801
# Beyond plain values, numpy arrays and estimators, which skops trusts. Node numbers are checked after
# loading.
TRUSTED = ("sklearn.tree._tree.Tree",)
LEAF = -1
# The columns of home and away; the draw has what is left.
CORRECTED = [0, 2]
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    ArithmeticError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class RandomForest:
    """Extremely randomised trees: Geurts, Ernst and Wehenkel (2006), Machine Learning 63.

    They are grown on what the strengths got wrong, home and away: trees that begin with nothing lose 0.002 of
    log loss in finding the strengths again. A leaf has 200 matches, for a result says little.
    """

    name: ClassVar[str] = "random_forest"
    artifact_format: ClassVar[str] = "skops"
    reads_odds: ClassVar[bool] = False
    stale_after: ClassVar[timedelta | None] = None

    forest: ExtraTreesRegressor
    features: tuple[str, ...]

    @classmethod
    def fit(cls, examples: Examples) -> Self:
        names = tuple(str(name) for name in examples.features.columns)
        values = inputs(examples.features, names)
        missed = np.eye(len(OUTCOMES))[examples.outcomes] - _expected(values, names)
        forest = ExtraTreesRegressor(
            n_estimators=TREES,
            min_samples_leaf=MATCHES_IN_A_LEAF,
            bootstrap=True,
            max_samples=SHARE_OF_MATCHES,
            max_features=SHARE_OF_FEATURES,
            random_state=SEED,
            n_jobs=1,
        )
        return cls(forest.fit(values, missed[:, CORRECTED]), names)

    def predict_proba(self, examples: Examples) -> Probabilities:
        values = inputs(examples.features, self.features)
        if not len(values):
            return np.empty((0, len(OUTCOMES)))
        home, away = self.forest.predict(values).T
        corrected = _expected(values, self.features) + np.column_stack([home, -home - away, away])
        bounded = np.clip(corrected, LEAST_PROBABLE, None)
        return np.asarray(bounded / bounded.sum(axis=1, keepdims=True))

    def importance(self) -> dict[str, float]:
        """Mean decrease of impurity: Breiman et al. (1984). All alike where no tree has a split."""
        sizes = self.forest.feature_importances_
        shares = sizes if sizes.any() else np.full(len(self.features), 1 / len(self.features))
        return dict(zip(self.features, shares.tolist(), strict=True))

    def parameters(self) -> dict[str, Any]:
        return {
            "trees": TREES,
            "matches_in_a_leaf": MATCHES_IN_A_LEAF,
            "share_of_matches": SHARE_OF_MATCHES,
            "share_of_features": SHARE_OF_FEATURES,
            "starts_from": list(START),
            "seed": SEED,
        }

    def to_bytes(self, calibration: Calibration) -> bytes:
        document = {
            "format": FORMAT,
            "forest": self.forest,
            "features": list(self.features),
            "sharpness": calibration.sharpness,
            "shifts": list(calibration.shifts),
        }
        return bytes(dumps(document, compression=zipfile.ZIP_DEFLATED, compresslevel=6))

    @classmethod
    def from_bytes(cls, artifact: bytes) -> Calibrated:
        try:
            document = loads(artifact, trusted=TRUSTED)
        except UNREADABLE as error:
            raise ArtifactUnusable(f"not a {FORMAT} artifact: {type(error).__name__}") from None
        return _verified(document)


def _verified(document: object) -> Calibrated:
    """The model of a document whose every part is of the type and shape that prediction relies on."""
    match document:
        case {
            "format": str(written),
            "forest": ExtraTreesRegressor() as forest,
            "features": list(features),
            "sharpness": float(sharpness),
            "shifts": [float(home), float(draw), float(away)],
        } if written == FORMAT and _is_sound(forest, features):
            calibration = Calibration(sharpness, (home, draw, away))
            return Calibrated(RandomForest(forest, tuple(features)), calibration)
    raise ArtifactUnusable(f"not a {FORMAT} artifact: a part is missing or of another type")


def _expected(values: Probabilities, names: Sequence[str]) -> Probabilities:
    """What the strengths let expect (n, 3)."""
    home, away = (values[:, names.index(name)] for name in START)
    return np.asarray(softmax(np.column_stack([home, np.zeros(len(values)), away]), axis=1))


def _is_sound(forest: ExtraTreesRegressor, features: list[object]) -> bool:
    trees = getattr(forest, "estimators_", None)
    if not isinstance(trees, list) or not trees or getattr(forest, "n_outputs_", None) != len(CORRECTED):
        return False
    if not all(isinstance(name, str) for name in features) or len(set(features)) != len(features):
        return False
    return set(START) <= set(features) and all(_is_sound_tree(tree, len(features)) for tree in trees)


def _is_sound_tree(regressor: object, features: int) -> bool:
    # scikit-learn follows these numbers without looking: a wrong one reads other memory or never ends.
    tree = getattr(regressor, "tree_", None)
    if not isinstance(regressor, ExtraTreeRegressor) or not isinstance(tree, Tree):
        return False
    if tree.value.shape != (tree.node_count, len(CORRECTED), 1) or tree.n_features != features:
        return False
    node = np.arange(tree.node_count)
    inner = tree.children_left != LEAF
    below = np.stack([tree.children_left, tree.children_right])[:, inner]
    reads = tree.feature[inner]
    return bool(
        ((below > node[inner]) & (below < tree.node_count)).all()
        and ((reads >= 0) & (reads < features)).all()
        and np.isfinite(tree.value).all()
    )
