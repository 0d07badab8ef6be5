"""Walks forward through past matches: models fitted, calibrated and stacked by what was known at each moment.

Each match is told of by a fit on matches whose results were known when its stretch of time began, corrected
by what the same model had said of matches before. Nothing later than a match has a say in what is told of it.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from modeling.backtest import known_at, out_of_sample, stretches
from modeling.calibration import Calibration
from modeling.ensemble import Pool
from modeling.examples import Examples
from modeling.kinds import KINDS
from modeling.metrics import OUTCOMES, Probabilities, is_told
from modeling.model import Model
from modeling.stacks import STACKS
from modeling.train import FEWEST_MATCHES
from modeling.validation import CALIBRATION_SEASONS, SEASON, base_rates

# Models that last are fitted once a season; what corrects and weighs them is learnt anew every four weeks.
REFIT = timedelta(days=365)
CORRECT = timedelta(days=28)
# How long each walks before the first match that counts, so that there is something to calibrate it on.
WARM_UP = CALIBRATION_SEASONS * SEASON

Report = Callable[[float, str], None]


class NothingToWalk(Exception):
    """There are no matches in the window, or too few before it."""


@dataclass(frozen=True)
class Walk:
    """The matches from the first that counts on, and what was said of each before it, shape (n, 3).

    `told` is NaN where a model needs odds and there were none. `left_out` could not learn in time.
    """

    examples: Examples
    told: dict[str, Probabilities]
    rates: Probabilities
    left_out: list[str]


def walk_forward(
    examples: Examples,
    test_from: datetime,
    *,
    models: Collection[str] | None = None,
    refit: timedelta | None = None,
    report: Report = lambda _, __: None,
) -> Walk:
    """What these models (all, if left out) would have said of the played matches from `test_from` on.

    A new fit is made whenever `refit` has passed, or as a model's own staleness asks. `report` is told the
    fraction done and what comes next. Raises NothingToWalk.
    """
    wanted = [name for name in (*KINDS, *STACKS) if models is None or name in models]
    walker = _Walker(examples.where(examples.played).in_order(), test_from, refit)
    kinds = [KINDS[name] for name in KINDS if name in _with_members(wanted)]
    for number, kind in enumerate(kinds):
        report(number / len(kinds), f"walking forward with {kind.name}")
        walker.walk(kind)
    for name in (name for name in STACKS if name in _with_members(wanted)):
        walker.stack(name)
    return walker.result(wanted)


def _with_members(names: Sequence[str]) -> set[str]:
    found = set(names)
    for name in reversed(STACKS):
        if name in found:
            found |= STACKS[name].keys()
    return found


class _Walker:
    """One walk: the matches in the order of kick-off, and what each model has said so far.

    What is kept of a model has a row for each match of the walk, which begins before those that count.
    """

    def __init__(self, data: Examples, test_from: datetime, refit: timedelta | None) -> None:
        kickoff = data.matches["kickoff_at"]
        self._data, self._refit = data, refit
        self._first = int(kickoff.searchsorted(test_from, side="left"))
        if self._first == len(data):
            raise NothingToWalk(f"no match with a known result from {test_from:%Y-%m-%d} on")
        if self._first < FEWEST_MATCHES:
            raise NothingToWalk(
                f"{self._first} matches before {test_from:%Y-%m-%d}, to learn from needs {FEWEST_MATCHES}"
            )
        begin = int(kickoff.searchsorted(test_from - WARM_UP, side="left"))
        self._walk = slice(max(begin, FEWEST_MATCHES), len(data))
        self._outcomes = data.outcomes[self._walk]
        self._told: dict[str, Probabilities] = {}

    def walk(self, kind: type[Model]) -> None:
        """Leaves the kind out if it cannot learn before the first match that counts."""
        begin = max(self._walk.start, self._learns_from(kind))
        if begin > self._first:
            return
        told = np.full((len(self._outcomes), len(OUTCOMES)), np.nan)
        every = self._refit or kind.stale_after or REFIT
        told[begin - self._walk.start :] = out_of_sample(
            kind, self._data, slice(begin, self._walk.stop), every
        )
        corrected = np.full_like(told, np.nan)
        for stretch, earlier in self._corrections():
            known = earlier & is_told(told)
            calibration = Calibration.fit(told[known], self._outcomes[known])
            corrected[stretch] = calibration.apply(told[stretch])
        self._told[kind.name] = corrected

    def stack(self, name: str) -> None:
        if not STACKS[name].keys() <= self._told.keys():
            return
        members = np.stack([self._told[member] for member in STACKS[name]])
        told = np.empty(members.shape[1:])
        for stretch, earlier in self._corrections():
            pool = Pool.fit(members[:, earlier], self._outcomes[earlier], list(STACKS[name].values()))
            told[stretch] = pool.apply(members[:, stretch])
        self._told[name] = told

    def result(self, wanted: Sequence[str]) -> Walk:
        counts = slice(self._first, len(self._data))
        skipped = self._first - self._walk.start
        return Walk(
            self._data.part(counts),
            {name: self._told[name][skipped:] for name in wanted if name in self._told},
            self._rates()[skipped:],
            [name for name in wanted if name not in self._told],
        )

    def _rates(self) -> Probabilities:
        """The base rates of each match's league by what was known then."""
        walked = self._data.part(self._walk).matches
        rates = np.empty((len(walked), len(OUTCOMES)))
        for stretch, _ in self._corrections():
            past = known_at(self._data, walked["kickoff_at"].iloc[stretch.start])
            rates[stretch] = base_rates(
                past.matches["league_code"], past.outcomes, walked["league_code"].iloc[stretch]
            )
        return rates

    def _corrections(self) -> list[tuple[slice, NDArray[np.bool_]]]:
        """The walk in stretches, each with the matches of it whose results were known when it began."""
        walked = self._data.part(self._walk).matches
        known_at = walked["result_known_at"]
        parts = stretches(walked["kickoff_at"], slice(0, len(walked)), CORRECT)
        return [(part, (known_at <= walked["kickoff_at"].iloc[part.start]).to_numpy()) for part in parts]

    def _learns_from(self, kind: type[Model]) -> int:
        """The first match before which there is enough of what the kind reads."""
        if not kind.reads_odds:
            return FEWEST_MATCHES
        known = np.cumsum(self._data.with_odds.to_numpy())
        return int(np.searchsorted(known, FEWEST_MATCHES, side="left")) + 1
