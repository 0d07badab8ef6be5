"""Sums over what somebody has done before a moment, for many moments at once."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Values = NDArray[np.float64]


class Past:
    """The played matches of numbered clubs (or leagues, or clubs at home), each with k values.

    Moments are whole numbers that grow with time. Whatever is asked of a moment counts earlier matches only:
    those at the moment itself and later ones are not seen.
    """

    def __init__(self, owner: Numbers, moment: Numbers, values: Values, moments: int) -> None:
        self._moments = moments
        order = np.lexsort((moment, owner))
        self._key = self._keys(owner, moment)[order]
        self._values = values[order]
        self._sums = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(self._values, axis=0)])

    def totals(
        self, owner: Numbers, moment: Numbers, last: int | None = None
    ) -> tuple[Values, NDArray[np.int64]]:
        """Sums (n, k) of the values and counts (n,) of the matches, or of the `last` of them only."""
        first, end = self._span(owner, moment)
        if last is not None:
            first = np.maximum(first, end - last)
        return self._sums[end] - self._sums[first], end - first

    def latest(self, owner: Numbers, moment: Numbers, column: int, otherwise: float) -> Values:
        """One value of the latest earlier match, `otherwise` where there was none."""
        first, end = self._span(owner, moment)
        known = end > first
        found = np.full(len(owner), otherwise)
        found[known] = self._values[end[known] - 1, column]
        return found

    def _span(self, owner: Numbers, moment: Numbers) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        first = np.searchsorted(self._key, self._keys(owner, np.zeros_like(moment)), side="left")
        end = np.searchsorted(self._key, self._keys(owner, moment), side="left")
        return first, end

    def _keys(self, owner: Numbers, moment: Numbers) -> Numbers:
        return owner * self._moments + moment
