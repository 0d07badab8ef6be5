"""The models that are trained, by name. A new one is a file and a line here."""

from modeling.boosted_trees import BoostedTrees
from modeling.dixon_coles import DixonColes
from modeling.dynamic_poisson import DynamicPoisson
from modeling.elo_logit import EloLogit
from modeling.market_logit import MarketLogit
from modeling.market_trees import MarketTrees
from modeling.model import Model
from modeling.random_forest import RandomForest

_ALL: tuple[type[Model], ...] = (
    EloLogit,
    DixonColes,
    DynamicPoisson,
    RandomForest,
    BoostedTrees,
    MarketLogit,
    MarketTrees,
)
KINDS: dict[str, type[Model]] = {kind.name: kind for kind in _ALL}
