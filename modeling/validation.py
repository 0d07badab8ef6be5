"""Chronological validation: the past to fit, what came after to calibrate, the latest to judge."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from modeling.metrics import OUTCOMES, Outcomes, Probabilities

SEASON = pd.Timedelta(days=365)
# With fewer matches the standard error of the log loss is larger than what tells two models apart.
WORTH_JUDGING = 1_000
LARGEST_SHARE = 0.2
# One season may be unlike all others: calibrated on 2020-21 alone, played without a crowd, the models were
# worse on 2021-22 than uncalibrated ones. Three seasons together mislead less.
CALIBRATION_SEASONS = 3
LARGEST_CALIBRATION_SHARE = 0.3
BASE_RATE_PRIOR_MATCHES = 30.0


class MomentsTooFew(Exception):
    """So many matches share a moment that they cannot be split by time."""


@dataclass(frozen=True)
class Windows:
    """Three stretches of time as slices of matches in the order of kick-off; none overlaps another."""

    fit: slice
    calibrate: slice
    validate: slice

    @property
    def before_validation(self) -> slice:
        return slice(0, self.validate.start)


def windows(kickoff_at: pd.Series) -> Windows:
    """Splits matches in the order of kick-off; those of one moment are never on both sides of a cut.

    The validation window is the last season (365 days) or 1,000 matches, whichever is more, but at most a
    fifth of all. The calibration window before it has three times as many, at most three tenths of all.
    Raises MomentsTooFew.
    """
    matches = len(kickoff_at)
    last_season = int((kickoff_at > kickoff_at.iloc[-1] - SEASON).sum())
    held_out = min(max(last_season, WORTH_JUDGING), int(matches * LARGEST_SHARE))
    validate = _first_of_its_moment(kickoff_at, matches - held_out)
    calibrated = min(CALIBRATION_SEASONS * held_out, int(matches * LARGEST_CALIBRATION_SHARE))
    calibrate = _first_of_its_moment(kickoff_at, validate - calibrated)
    if not 0 < calibrate < validate:
        raise MomentsTooFew("the matches kick off at too few moments to be split by time")
    return Windows(slice(0, calibrate), slice(calibrate, validate), slice(validate, matches))


def latest_window(kickoff_at: pd.Series, size: int) -> tuple[slice, slice]:
    """All but the last `size` matches or so, and these."""
    cut = _first_of_its_moment(kickoff_at, len(kickoff_at) - size)
    return slice(0, cut), slice(cut, len(kickoff_at))


def base_rates(league_codes: pd.Series, outcomes: Outcomes, of_leagues: pd.Series) -> Probabilities:
    """How often each outcome happened in the matches given, league by league, for matches `of_leagues`.

    A league weighs its own matches against the rates of all leagues together, which count as 30 matches.
    """
    overall = _counts(outcomes) / len(outcomes)
    known = {code: _counts(outcomes[(league_codes == code).to_numpy()]) for code in league_codes.unique()}
    rates = {
        code: (counts + BASE_RATE_PRIOR_MATCHES * overall) / (counts.sum() + BASE_RATE_PRIOR_MATCHES)
        for code, counts in known.items()
    }
    return np.array([rates.get(code, overall) for code in of_leagues])


def _counts(outcomes: Outcomes) -> Probabilities:
    return np.bincount(outcomes, minlength=len(OUTCOMES)).astype(np.float64)


def _first_of_its_moment(kickoff_at: pd.Series, position: int) -> int:
    return int(kickoff_at.searchsorted(kickoff_at.iloc[position], side="left"))
