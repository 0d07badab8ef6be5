"""Settled bets in figures: each against its definition, nothing where there is nothing to divide by."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betting.closing_line import ClosingLineValue, closing_line
from betting.performance import Performance, SettledBet, performance, performance_by_month
from betting.settlement import BetStatus

START = datetime(2021, 8, 14, 17, tzinfo=UTC)
BANKROLL = Decimal(1000)
RETURNS = {
    BetStatus.WON: Decimal("2.5"),
    BetStatus.HALF_WON: Decimal("1.75"),
    BetStatus.PUSH: Decimal(1),
    BetStatus.VOID: Decimal(1),
    BetStatus.HALF_LOST: Decimal("0.5"),
    BetStatus.LOST: Decimal(0),
}


def settled(status: BetStatus, number: int = 0, stake: Decimal = Decimal("10.00")) -> SettledBet:
    """At 2.50, one an hour."""
    moment = START + timedelta(hours=number)
    return SettledBet(moment, status, stake, Decimal("2.50"), stake * RETURNS[status])


def in_turn(statuses: str) -> list[SettledBet]:
    """Of w(on), l(ost), p(ush), v(oid), and W or L for half of them."""
    of_letters = dict(zip("wWpvLl", RETURNS, strict=True))
    return [settled(of_letters[letter], number) for number, letter in enumerate(statuses)]


bets = st.lists(
    st.builds(
        settled,
        st.sampled_from(list(RETURNS)),
        st.integers(0, 5_000),
        st.integers(1, 500).map(lambda units: Decimal(4 * units) / 100),
    ),
    max_size=40,
)


def test_money_and_ratios_of_a_few_bets() -> None:
    figures = performance(in_turn("wlll"), BANKROLL)
    assert figures.bets == 4
    assert [figures.staked, figures.returned, figures.profit] == [40, 25, -15]
    assert (figures.roi, figures.turnover_yield) == (-0.015, -0.375)
    assert (figures.strike_rate, figures.mean_price) == (0.25, Decimal("2.50"))


def test_without_bets_there_are_no_ratios() -> None:
    assert performance([], BANKROLL) == Performance(
        bets=0,
        void=0,
        staked=Decimal(0),
        returned=Decimal(0),
        profit=Decimal(0),
        roi=0.0,
        turnover_yield=None,
        yield_error=None,
        strike_rate=None,
        mean_price=None,
        drawdown=Decimal(0),
        drawdown_share=0.0,
        longest_losing_run=0,
        closing_line=closing_line([]),
    )


def test_without_a_bankroll_there_is_no_return_on_it() -> None:
    figures = performance(in_turn("l"), Decimal(0))
    assert (figures.roi, figures.drawdown_share) == (None, None)
    assert figures.turnover_yield == -1
    assert figures.drawdown == 10


@given(bets)
def test_void_bets_change_nothing_but_their_number(some: list[SettledBet]) -> None:
    without = [bet for bet in some if bet.status != BetStatus.VOID]
    expected = performance(without, BANKROLL)
    assert performance(some, BANKROLL) == replace(expected, void=len(some) - len(without))


def test_a_push_is_staked_but_neither_won_nor_lost() -> None:
    figures = performance(in_turn("wpp"), BANKROLL)
    assert figures.staked == 30
    assert figures.strike_rate == 1
    assert performance(in_turn("pp"), BANKROLL).strike_rate is None


def test_half_of_a_win_is_a_win_and_half_of_a_loss_a_loss() -> None:
    figures = performance(in_turn("WLlW"), BANKROLL)
    assert (figures.strike_rate, figures.longest_losing_run) == (0.5, 2)


@pytest.mark.parametrize(("statuses", "run"), [("", 0), ("ww", 0), ("lwllwl", 2), ("lplvL", 3), ("wlll", 3)])
def test_the_longest_losing_run_goes_on_over_what_was_no_loss_nor_win(statuses: str, run: int) -> None:
    assert performance(in_turn(statuses), BANKROLL).longest_losing_run == run


@pytest.mark.parametrize(
    ("statuses", "bankroll", "money", "share"),
    [
        ("www", "100", "0", 0),
        ("lllw", "100", "30", 0.3),
        ("wlll", "85", "30", 0.3),
        ("llwwwwlll", "40", "30", 0.5),
    ],
)
def test_the_drawdown_is_from_the_highest_to_the_lowest_after_it(
    statuses: str, bankroll: str, money: str, share: float
) -> None:
    figures = performance(in_turn(statuses), Decimal(bankroll))
    assert figures.drawdown == Decimal(money)
    assert figures.drawdown_share == pytest.approx(share)


def test_of_equal_stakes_the_error_of_the_yield_is_that_of_a_mean() -> None:
    figures = performance(in_turn("wlllwl"), BANKROLL)
    profits = [1.5, -1, -1, -1, 1.5, -1]
    mean = sum(profits) / 6
    variance = sum((profit - mean) ** 2 for profit in profits) / 5
    assert figures.turnover_yield == pytest.approx(mean)
    assert figures.yield_error == pytest.approx((variance / 6) ** 0.5)
    assert performance(in_turn("w"), BANKROLL).yield_error is None


@given(bets, st.integers(2, 9))
def test_the_error_of_the_yield_does_not_depend_on_the_currency(some: list[SettledBet], rate: int) -> None:
    dearer = [replace(bet, stake=bet.stake * rate, returned=bet.returned * rate) for bet in some]
    here, there = performance(some, BANKROLL), performance(dearer, BANKROLL * rate)
    assert there.yield_error == pytest.approx(here.yield_error)
    assert there.drawdown_share == pytest.approx(here.drawdown_share)


@given(bets)
def test_figures_are_within_their_bounds(some: list[SettledBet]) -> None:
    figures = performance(some, BANKROLL)
    losses = sum(-bet.profit for bet in some if bet.profit < 0)
    assert figures.bets + figures.void == len(some)
    assert figures.profit == sum(bet.profit for bet in some)
    assert max(-figures.profit, Decimal(0)) <= figures.drawdown <= losses
    assert figures.drawdown_share is not None
    assert 0 <= figures.drawdown_share <= float(figures.drawdown / BANKROLL)
    assert figures.strike_rate is None or 0 <= figures.strike_rate <= 1
    assert figures.longest_losing_run <= figures.bets


@given(bets, st.randoms(use_true_random=False))
def test_bets_are_taken_in_the_order_of_their_settlement(some: list[SettledBet], random: Random) -> None:
    at_moments = [replace(bet, settled_at=START + timedelta(hours=hour)) for hour, bet in enumerate(some)]
    shuffled = random.sample(at_moments, len(at_moments))
    assert performance(shuffled, BANKROLL) == performance(at_moments, BANKROLL)


def test_closing_line_value_is_of_the_bets_whose_close_is_known() -> None:
    known = [ClosingLineValue(0.02, -0.03), ClosingLineValue(-0.04, -0.08)]
    won, lost, void, unknown = in_turn("wlvl")
    some = [
        replace(won, closing_line_value=known[0]),
        replace(lost, closing_line_value=known[1]),
        replace(void, closing_line_value=ClosingLineValue(0.5, 0.5)),
        unknown,
    ]
    assert performance(some, BANKROLL).closing_line == closing_line(known)


def test_an_open_bet_is_refused() -> None:
    open_bet = replace(settled(BetStatus.LOST), status=BetStatus.OPEN)
    with pytest.raises(ValueError, match="until it is settled"):
        performance([open_bet], BANKROLL)


@given(bets)
def test_months_add_up_to_the_whole_and_each_starts_with_what_the_last_left(some: list[SettledBet]) -> None:
    whole, months = performance(some, BANKROLL), performance_by_month(some, BANKROLL)
    assert list(months) == sorted({bet.settled_at.date().replace(day=1) for bet in some})
    assert sum(month.profit for month in months.values()) == whole.profit
    assert sum(month.bets for month in months.values()) == whole.bets
    money = BANKROLL
    for month in months.values():
        assert month.roi == pytest.approx(float(month.profit / money))
        money += month.profit


def test_a_month_is_that_of_utc() -> None:
    late = datetime.fromisoformat("2021-09-01T01:00:00+02:00")
    bet = replace(settled(BetStatus.WON), settled_at=late)
    assert list(performance_by_month([bet], BANKROLL)) == [date(2021, 8, 1)]
