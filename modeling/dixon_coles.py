"""Dixon and Coles' model of goals, one a league, fitted anew as time goes on. Kept as plain JSON."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, ClassVar, Self

import numpy as np
from threadpoolctl import threadpool_limits

from modeling.calibration import Calibration
from modeling.dixon_coles_fit import PROMOTED, LeagueFit, fit_league
from modeling.documents import ModelDocument, read_document, written_document
from modeling.examples import Examples
from modeling.metrics import Probabilities
from modeling.model import Calibrated
from sports.football.scores import MOST_GOALS, outcomes, score_matrix

FORMAT = "matchday.dixon_coles/1"
LOOK_BACK = timedelta(days=1_000)
# What is expected in a league that was never seen: long-run figures of European first divisions.
UNSEEN_LEAGUE = LeagueFit(level=0.27, advantage=0.3, rho=-0.05, clubs={})


@dataclass(frozen=True)
class DixonColes:
    """Poisson goals from attack, defence and home advantage; recent matches weigh more, low scores are
    corrected: Dixon and Coles (1997), Applied Statistics 46.

    A club that was not seen counts as a promoted one.
    """

    name: ClassVar[str] = "dixon_coles"
    artifact_format: ClassVar[str] = "json"
    reads_odds: ClassVar[bool] = False
    stale_after: ClassVar[timedelta | None] = timedelta(days=14)
    features: ClassVar[tuple[str, ...]] = ("home_team", "away_team")

    leagues: dict[str, LeagueFit]

    @classmethod
    def fit(cls, examples: Examples) -> Self:
        matches = examples.matches
        recent = matches[matches["kickoff_at"] > matches["kickoff_at"].max() - LOOK_BACK]
        # Small matrices: threads of a product would wait for each other longer than it takes.
        with threadpool_limits(1, user_api="blas"):
            return cls({str(code): fit_league(league) for code, league in recent.groupby("league_code")})

    def predict_proba(self, examples: Examples) -> Probabilities:
        return outcomes(self.scores(examples))

    def scores(self, examples: Examples) -> Probabilities:
        """P(score) of every match, shape (n, 16, 16)."""
        found = np.empty((len(examples), MOST_GOALS + 1, MOST_GOALS + 1))
        codes = examples.matches["league_code"].to_numpy()
        for code in np.unique(codes):
            here = codes == code
            fitted = self.leagues.get(str(code), UNSEEN_LEAGUE)
            home, away = fitted.goals(
                examples.matches["home_team"].to_numpy()[here], examples.matches["away_team"].to_numpy()[here]
            )
            found[here] = score_matrix(home, away, fitted.rho)
        return found

    def importance(self) -> dict[str, float]:
        return dict.fromkeys(self.features, 1 / len(self.features))

    def parameters(self) -> dict[str, Any]:
        """The figures of each league, without those of its clubs."""
        return {
            code: {"level": fit.level, "advantage": fit.advantage, "rho": fit.rho, "clubs": len(fit.clubs)}
            for code, fit in self.leagues.items()
        } | {"promoted": PROMOTED}

    def to_bytes(self, calibration: Calibration) -> bytes:
        leagues = {code: asdict(fit) for code, fit in self.leagues.items()}
        return written_document(FORMAT, {"leagues": leagues}, calibration)

    @classmethod
    def from_bytes(cls, artifact: bytes) -> Calibrated:
        document = read_document(_Document, FORMAT, artifact)
        return Calibrated(DixonColes(document.leagues), document.calibration.value)


class _Document(ModelDocument):
    """The artifact as it stands in the file."""

    leagues: dict[str, LeagueFit]
