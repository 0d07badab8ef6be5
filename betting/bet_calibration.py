"""Whether bets were as likely to win as was thought when they were placed."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean


@dataclass(frozen=True)
class BetCalibration:
    """Of bets won or lost in full: the share that was thought to win, the share that did.

    `error` is the standard error that the second has if the first is right; bets on one match are not
    independent, so with several a match it is larger. None without any bets.
    """

    bets: int
    expected: float | None
    won: float | None
    error: float | None


def bet_calibration(bets: Sequence[tuple[float, bool]]) -> BetCalibration:
    """Of the probability that each bet was thought to have, and whether it won."""
    if not bets:
        return BetCalibration(0, None, None, None)
    thought = [probability for probability, _ in bets]
    return BetCalibration(
        bets=len(bets),
        expected=fmean(thought),
        won=fmean(float(has_won) for _, has_won in bets),
        error=sqrt(sum(probability * (1 - probability) for probability in thought)) / len(bets),
    )
