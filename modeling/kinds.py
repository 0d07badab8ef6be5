"""The models that are trained, by name. A new one is a file and a line here."""

from modeling.elo_logit import EloLogit
from modeling.model import Model
from modeling.random_forest import RandomForest

KINDS: dict[str, type[Model]] = {EloLogit.name: EloLogit, RandomForest.name: RandomForest}
