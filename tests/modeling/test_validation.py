"""Windows by time: nothing later is ever fitted on."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeling.validation import MomentsTooFew, base_rates, latest_window, windows

START = datetime(2010, 8, 1)  # noqa: DTZ001


def kickoffs(days: list[int]) -> pd.Series:
    return pd.Series(pd.to_datetime([START + timedelta(days=day) for day in sorted(days)], utc=True))


@given(matches=st.integers(300, 1_000), days=st.integers(30, 5_000), seed=st.integers(0, 1_000))
def test_each_window_is_later_than_the_one_before(matches: int, days: int, seed: int) -> None:
    times = kickoffs(np.random.default_rng(seed).integers(0, days, matches).tolist())
    split = windows(times)
    fit, calibrate, validate = times[split.fit], times[split.calibrate], times[split.validate]
    assert len(fit) + len(calibrate) + len(validate) == len(times)
    assert min(len(fit), len(calibrate), len(validate)) > 0
    assert fit.max() < calibrate.min()
    assert calibrate.max() < validate.min()


def test_the_last_season_validates_where_it_is_large_enough() -> None:
    times = kickoffs([day for day in range(3_650) for _ in range(6)])
    validate = times[windows(times).validate]
    assert len(validate) == 365 * 6
    assert times.iloc[-1] - validate.iloc[0] == timedelta(days=364)


def test_a_small_league_validates_on_a_thousand_matches() -> None:
    times = kickoffs(list(range(8_000)))
    split = windows(times)
    assert split.validate == slice(7_000, 8_000)
    assert split.calibrate == slice(7_000 - 2_400, 7_000)
    assert split.before_validation == slice(0, 7_000)


def test_little_data_gives_a_fifth_and_keeps_half_to_fit() -> None:
    split = windows(kickoffs(list(range(500))))
    assert (split.fit, split.calibrate, split.validate) == (slice(0, 250), slice(250, 400), slice(400, 500))


def test_matches_of_one_moment_cannot_be_split() -> None:
    with pytest.raises(MomentsTooFew):
        windows(kickoffs([1] * 500))


def test_the_latest_window_begins_with_a_whole_moment() -> None:
    earlier, later = latest_window(kickoffs([1, 2, 3, 3, 3, 4]), 2)
    assert (earlier, later) == (slice(0, 2), slice(2, 6))


def test_base_rates_are_those_of_the_league_and_add_up_to_one() -> None:
    leagues = pd.Series(["E0"] * 1_000 + ["D1"] * 1_000)
    outcomes = np.array([0] * 1_000 + [2] * 1_000)
    rates = base_rates(leagues, outcomes, pd.Series(["E0", "D1", "XX"]))
    assert rates[0, 0] > 0.95
    assert rates[1, 2] > 0.95
    assert rates[2].tolist() == [0.5, 0, 0.5]
    assert rates.sum(axis=1) == pytest.approx(np.ones(3))
