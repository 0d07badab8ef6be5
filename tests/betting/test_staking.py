"""Stakes: Kelly's share, never more than a cap, never more money than there is."""

from decimal import Decimal
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betting.staking import Exposure, StakeLimit, StakingPlan, kelly_share, size_stake

BANKROLL = Exposure(Decimal(1000))
UNCAPPED = StakingPlan(bet_cap=Decimal(1), match_cap=Decimal(1), day_cap=Decimal(1))

shares = st.decimals("0.01", "1", places=2)
money = st.decimals("0", "100000", places=2)
plans = st.builds(
    StakingPlan,
    flat_stake=st.none() | st.decimals("0.01", "500", places=2),
    kelly_fraction=shares,
    bet_cap=shares,
    match_cap=shares,
    day_cap=shares,
    smallest_stake=st.decimals("0.01", "20", places=2),
)
exposures = st.builds(Exposure, bankroll=money, staked_today=money, staked_on_match=money)
probabilities = st.floats(0.001, 0.999)
prices = st.decimals("1.01", "100", places=2)


def test_kelly_stakes_edge_by_what_can_be_won() -> None:
    assert kelly_share(0.6, Decimal(2)) == pytest.approx(0.2)
    assert kelly_share(0.5, Decimal(3)) == pytest.approx(0.25)
    assert kelly_share(0.4, Decimal(2)) == 0


@given(st.floats(0.05, 0.95), st.decimals("1.05", "20", places=2), st.floats(0, 0.99))
def test_no_other_share_makes_the_bankroll_grow_faster(
    probability: float, price: Decimal, other: float
) -> None:
    def growth(share: float) -> float:
        return probability * log(1 + share * float(price - 1)) + (1 - probability) * log(1 - share)

    assert growth(kelly_share(probability, price)) >= growth(other) - 1e-9


def test_a_quarter_of_kelly_is_staked_by_default() -> None:
    stake = size_stake(StakingPlan(), 0.42, Decimal("2.50"), BANKROLL)
    assert (stake.amount, stake.limit) == (Decimal("8.33"), StakeLimit.NONE)
    assert stake.why == "0.25 of Kelly's 3.3% of 1000.00 is 8.33, below every cap"


def test_a_flat_stake_is_the_same_for_every_bet() -> None:
    plan = StakingPlan(flat_stake=Decimal(10))
    stakes = [size_stake(plan, probability, Decimal(3), BANKROLL) for probability in (0.2, 0.35, 0.9)]
    assert {stake.amount for stake in stakes} == {Decimal(10)}
    assert stakes[0].why == "flat stake of 10.00, below every cap"


@pytest.mark.parametrize(
    ("exposure", "amount", "limit", "why"),
    [
        (BANKROLL, "20.00", StakeLimit.BET_CAP, "cut to 20.00 by the cap of 2% a bet"),
        (
            Exposure(Decimal(1000), staked_on_match=Decimal(25)),
            "5.00",
            StakeLimit.MATCH_CAP,
            "cut to 5.00 by the cap of 3% a match",
        ),
        (
            Exposure(Decimal(1000), Decimal("92.50"), Decimal(20)),
            "7.50",
            StakeLimit.DAY_CAP,
            "cut to 7.50 by the cap of 10% a day",
        ),
    ],
)
def test_the_tightest_cap_binds_and_is_named(
    exposure: Exposure, amount: str, limit: StakeLimit, why: str
) -> None:
    stake = size_stake(StakingPlan(), 0.7, Decimal(2), exposure)
    assert (stake.amount, stake.limit) == (Decimal(amount), limit)
    assert stake.why == f"0.25 of Kelly's 40.0% of 1000.00 is 100.00, {why}"


@pytest.mark.parametrize("used", ["100", "99.01", "5000"])
def test_where_a_cap_leaves_less_than_the_smallest_stake_nothing_is_staked(used: str) -> None:
    stake = size_stake(StakingPlan(), 0.7, Decimal(2), Exposure(Decimal(1000), Decimal(used)))
    assert (stake.amount, stake.limit) == (Decimal(0), StakeLimit.SMALLEST_STAKE)
    assert stake.why.endswith("by the cap of 10% a day, less than the smallest stake of 1.00")


def test_without_an_edge_kelly_stakes_nothing() -> None:
    for probability in (0.5, 0.3):
        stake = size_stake(UNCAPPED, probability, Decimal(2), BANKROLL)
        assert (stake.amount, stake.limit, stake.kelly) == (Decimal(0), StakeLimit.NO_EDGE, 0.0)


def test_an_empty_bankroll_stakes_nothing() -> None:
    for plan in (StakingPlan(), StakingPlan(flat_stake=Decimal(5))):
        stake = size_stake(plan, 0.7, Decimal(2), Exposure(Decimal(0)))
        assert (stake.amount, stake.limit) == (Decimal(0), StakeLimit.SMALLEST_STAKE)


@given(plans, probabilities, prices, exposures)
def test_a_stake_is_whole_cents_within_every_cap(
    plan: StakingPlan, probability: float, price: Decimal, exposure: Exposure
) -> None:
    amount = size_stake(plan, probability, price, exposure).amount
    bankroll = exposure.bankroll
    assert amount == 0 or amount >= plan.smallest_stake
    assert amount == round(amount, 2)
    assert amount <= plan.bet_cap * bankroll
    assert amount == 0 or amount + exposure.staked_on_match <= plan.match_cap * bankroll
    assert amount == 0 or amount + exposure.staked_today <= plan.day_cap * bankroll


@given(plans, probabilities, prices, exposures)
def test_what_bound_a_stake_is_told_truly(
    plan: StakingPlan, probability: float, price: Decimal, exposure: Exposure
) -> None:
    stake = size_stake(plan, probability, price, exposure)
    wanted = plan.flat_stake or Decimal(stake.kelly) * plan.kelly_fraction * exposure.bankroll
    room = {
        "bet_cap": plan.bet_cap * exposure.bankroll,
        "match_cap": plan.match_cap * exposure.bankroll - exposure.staked_on_match,
        "day_cap": plan.day_cap * exposure.bankroll - exposure.staked_today,
        "none": wanted,
    }
    if stake.amount > 0:
        assert room[stake.limit] == min(room.values())
        assert 0 <= room[stake.limit] - stake.amount < Decimal("0.01")
    elif stake.limit == StakeLimit.NO_EDGE:
        assert wanted == 0
    else:
        assert stake.limit == StakeLimit.SMALLEST_STAKE
        assert min(room.values()) < plan.smallest_stake


@given(plans, probabilities, prices, exposures, money)
def test_more_at_stake_never_raises_a_stake(
    plan: StakingPlan, probability: float, price: Decimal, exposure: Exposure, more: Decimal
) -> None:
    now = size_stake(plan, probability, price, exposure).amount
    assert size_stake(plan, probability, price, exposure.after(more)).amount <= now


def test_a_stake_counts_on_the_day_and_the_match() -> None:
    after = Exposure(Decimal(1000), Decimal(5), Decimal(2)).after(Decimal(3))
    assert after == Exposure(Decimal(1000), Decimal(8), Decimal(5))


@pytest.mark.parametrize("field", ["kelly_fraction", "bet_cap", "match_cap", "day_cap"])
@pytest.mark.parametrize("value", ["0", "-0.1", "1.01", "2", "NaN", "Infinity"])
def test_a_plan_takes_only_shares(field: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"{field} is a share above 0 and at most 1"):
        StakingPlan(**{field: Decimal(value)})


@pytest.mark.parametrize("field", ["flat_stake", "smallest_stake"])
@pytest.mark.parametrize("value", ["0", "0.009", "-5", "NaN", "sNaN"])
def test_a_plan_takes_only_money(field: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"{field} is money of at least 0.01"):
        StakingPlan(**{field: Decimal(value)})


@pytest.mark.parametrize("field", ["bankroll", "staked_today", "staked_on_match"])
@pytest.mark.parametrize("value", ["-0.01", "NaN", "Infinity"])
def test_what_is_at_stake_is_money(field: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"{field} is money and not negative"):
        Exposure(**({"bankroll": Decimal(1)} | {field: Decimal(value)}))
