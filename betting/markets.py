"""What can be bet on: the markets of a match, their lines and selections, by the names used everywhere."""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

QUARTER = Decimal("0.25")
HIGHEST_LINE = 500
SCORE = re.compile(r"(?:0|[1-9]\d?)-(?:0|[1-9]\d?)", re.ASCII)


class Market(StrEnum):
    """Each on the score after regular time: 90 minutes in football, stoppage time included."""

    MATCH_RESULT = "match_result"
    OVER_UNDER = "over_under"
    BOTH_TO_SCORE = "both_to_score"
    CORRECT_SCORE = "correct_score"


# In the order of the columns of odds and probabilities. Of correct scores there is no end.
SELECTIONS = {
    Market.MATCH_RESULT: ("home", "draw", "away"),
    Market.OVER_UNDER: ("over", "under"),
    Market.BOTH_TO_SCORE: ("yes", "no"),
}


class SelectionError(ValueError):
    """There is no such market, line or selection; the message says what there is."""


@dataclass(frozen=True)
class Selection:
    """One outcome to bet on; only over_under has a line. Raises SelectionError if there is none such."""

    market: Market
    name: str
    line: Decimal | None = None

    def __post_init__(self) -> None:
        if self.market is Market.CORRECT_SCORE:
            _check_score(self.name)
        else:
            _check_name(self.market, self.name)
        _check_line(self.market, self.line)

    def __str__(self) -> str:
        match self.market:
            case Market.MATCH_RESULT:
                return "draw" if self.name == "draw" else f"{self.name} win"
            case Market.OVER_UNDER:
                return f"{self.name} {_written(self.line or Decimal(0))}"
            case Market.BOTH_TO_SCORE:
                return f"both teams to score: {self.name}"
            case Market.CORRECT_SCORE:
                return f"score {self.name}"


def selections_of(market: Market, line: Decimal | None = None) -> tuple[Selection, ...]:
    """All selections of a market, whose probabilities sum to 1. Raises SelectionError for correct scores."""
    if market not in SELECTIONS:
        raise SelectionError(f"the selections of {market} cannot be listed: name each, such as 2-1")
    return tuple(Selection(market, name, line) for name in SELECTIONS[market])


def _check_name(market: Market, name: str) -> None:
    if name not in SELECTIONS[market]:
        raise SelectionError(f"{market} has no selection {name!r}: choose {', '.join(SELECTIONS[market])}")


def _check_score(name: str) -> None:
    if not SCORE.fullmatch(name):
        raise SelectionError(f"{name!r} is no correct score: write home-away goals, such as 2-1")


def _check_line(market: Market, line: Decimal | None) -> None:
    if market is not Market.OVER_UNDER:
        if line is not None:
            raise SelectionError(f"{market} has no line: leave out {line}")
        return
    if line is None or not line.is_finite() or not 0 < line <= HIGHEST_LINE or line % QUARTER:
        raise SelectionError(
            f"{market} needs a line in quarters up to {HIGHEST_LINE}, such as 2.5, not {line}"
        )


def _written(number: Decimal) -> str:
    return f"{number.normalize():f}"
