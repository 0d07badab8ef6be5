"""Random forest on all features. Kept with skops, which rebuilds only the types that are listed here."""

import zipfile
import zlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier
from sklearn.tree._tree import Tree
from skops.io import dumps, loads

from modeling.artifacts import ArtifactUnusable
from modeling.calibration import Calibration
from modeling.examples import Examples
from modeling.metrics import OUTCOMES, Probabilities
from modeling.model import Calibrated, inputs

FORMAT = "matchday.random_forest/1"
TREES = 100
MATCHES_IN_A_LEAF = 40
# Each tree sees half of the matches: the trees differ more, and the fit takes half as long.
SHARE_OF_MATCHES = 0.5
SEED = 20_260_801
# Beyond plain values, numpy arrays and estimators, which skops trusts. Node numbers are checked after
# loading.
TRUSTED = ("sklearn.tree._tree.Tree",)
LEAF = -1
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
    """100 trees with at least 40 matches a leaf, so that the shares in a leaf are probabilities."""

    name: ClassVar[str] = "random_forest"
    artifact_format: ClassVar[str] = "skops"
    reads_odds: ClassVar[bool] = False
    stale_after: ClassVar[timedelta | None] = None

    forest: RandomForestClassifier
    features: tuple[str, ...]

    @classmethod
    def fit(cls, examples: Examples) -> Self:
        names = tuple(str(name) for name in examples.features.columns)
        forest = RandomForestClassifier(
            n_estimators=TREES,
            min_samples_leaf=MATCHES_IN_A_LEAF,
            max_samples=SHARE_OF_MATCHES,
            random_state=SEED,
            n_jobs=-1,
        )
        forest.fit(inputs(examples.features, names), examples.outcomes)
        # Threads add the trees up in the order in which they end: the same sum only to the last bit.
        forest.n_jobs = 1
        return cls(forest, names)

    def predict_proba(self, examples: Examples) -> Probabilities:
        values = inputs(examples.features, self.features)
        full = np.zeros((len(values), len(OUTCOMES)))
        if len(values):
            # An outcome that never happened in the matches of the fit has no column.
            full[:, self.forest.classes_] = self.forest.predict_proba(values)
        return full

    def importance(self) -> dict[str, float]:
        """Mean decrease of impurity: Breiman et al. (1984)."""
        shares = self.forest.feature_importances_
        return dict(zip(self.features, shares.tolist(), strict=True))

    def parameters(self) -> dict[str, Any]:
        return {
            "trees": TREES,
            "matches_in_a_leaf": MATCHES_IN_A_LEAF,
            "share_of_matches": SHARE_OF_MATCHES,
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
            "forest": RandomForestClassifier() as forest,
            "features": list(features),
            "sharpness": float(sharpness),
            "shifts": [float(home), float(draw), float(away)],
        } if written == FORMAT and _is_sound(forest, features):
            calibration = Calibration(sharpness, (home, draw, away))
            return Calibrated(RandomForest(forest, tuple(features)), calibration)
    raise ArtifactUnusable(f"not a {FORMAT} artifact: a part is missing or of another type")


def _is_sound(forest: RandomForestClassifier, features: list[object]) -> bool:
    classes = getattr(forest, "classes_", None)
    trees = getattr(forest, "estimators_", None)
    if not isinstance(classes, np.ndarray) or not isinstance(trees, list) or not trees:
        return False
    if not all(isinstance(name, str) for name in features) or len(set(features)) != len(features):
        return False
    known = classes.dtype.kind == "i" and set(classes.tolist()) <= set(range(len(OUTCOMES)))
    return known and all(_is_sound_tree(tree, len(features), len(classes)) for tree in trees)


def _is_sound_tree(classifier: object, features: int, classes: int) -> bool:
    # scikit-learn follows these numbers without looking: a wrong one reads other memory or never ends.
    tree = getattr(classifier, "tree_", None)
    if not isinstance(classifier, DecisionTreeClassifier) or not isinstance(tree, Tree):
        return False
    if tree.value.shape != (tree.node_count, 1, classes) or tree.n_features != features:
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
