"""Bets are settled by what was played; asked again, the same; corrected, with the difference."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betting.markets import Market, Selection, selections_of
from betting.odds import OddsError
from betting.settlement import (
    Bet,
    BetStatus,
    Correction,
    Ending,
    MatchEnding,
    correction,
    settle,
    settle_again,
)

KICKOFF = datetime(2021, 8, 14, 14, tzinfo=UTC)
PLACED = KICKOFF - timedelta(days=4)
HOME = Selection(Market.MATCH_RESULT, "home")

stakes = st.decimals("0.01", "10000", places=2)
prices = st.decimals("1.01", "1000", places=3)
goals = st.integers(0, 12)
lines = st.integers(1, 30).map(lambda quarters: Decimal(quarters) / 4)
selections = st.one_of(
    st.sampled_from(selections_of(Market.MATCH_RESULT) + selections_of(Market.BOTH_TO_SCORE)),
    st.builds(Selection, st.just(Market.OVER_UNDER), st.sampled_from(["over", "under"]), lines),
    st.builds(Selection, st.just(Market.CORRECT_SCORE), st.builds("{}-{}".format, goals, goals)),
)
bets = st.builds(Bet, selections, stakes, prices, st.just(PLACED), st.just(KICKOFF))


def bet(selection: Selection = HOME, stake: str = "10.00", price: str = "2.50") -> Bet:
    return Bet(selection, Decimal(stake), Decimal(price), PLACED, KICKOFF)


def played(home: int, away: int, days_later: int = 0) -> MatchEnding:
    return MatchEnding(Ending.PLAYED, KICKOFF + timedelta(days=days_later), home, away)


endings = st.builds(played, goals, goals) | st.builds(
    MatchEnding, st.sampled_from([ending for ending in Ending if ending != Ending.PLAYED]), st.just(KICKOFF)
)


def over(line: str) -> Selection:
    return Selection(Market.OVER_UNDER, "over", Decimal(line))


def under(line: str) -> Selection:
    return Selection(Market.OVER_UNDER, "under", Decimal(line))


@pytest.mark.parametrize(
    ("market", "name", "won_at", "lost_at"),
    [
        (Market.MATCH_RESULT, "home", [(1, 0), (5, 4)], [(0, 0), (1, 2)]),
        (Market.MATCH_RESULT, "draw", [(0, 0), (3, 3)], [(1, 0), (0, 1)]),
        (Market.MATCH_RESULT, "away", [(0, 1), (2, 3)], [(0, 0), (2, 1)]),
        (Market.BOTH_TO_SCORE, "yes", [(1, 1), (4, 1)], [(0, 0), (3, 0), (0, 1)]),
        (Market.BOTH_TO_SCORE, "no", [(0, 0), (3, 0), (0, 1)], [(1, 1), (4, 1)]),
        (Market.CORRECT_SCORE, "2-1", [(2, 1)], [(1, 2), (2, 0), (2, 2)]),
    ],
)
def test_a_bet_wins_or_loses_by_the_score(
    market: Market, name: str, won_at: list[tuple[int, int]], lost_at: list[tuple[int, int]]
) -> None:
    placed = bet(Selection(market, name))
    assert {settle(placed, played(*score)).status for score in won_at} == {BetStatus.WON}
    assert {settle(placed, played(*score)).status for score in lost_at} == {BetStatus.LOST}


@pytest.mark.parametrize(
    ("selection", "by_goals"),
    [
        (over("2.5"), ["lost", "lost", "lost", "won", "won"]),
        (under("2.5"), ["won", "won", "won", "lost", "lost"]),
        (over("2"), ["lost", "lost", "push", "won", "won"]),
        (under("3"), ["won", "won", "won", "push", "lost"]),
        (over("2.25"), ["lost", "lost", "half_lost", "won", "won"]),
        (under("2.25"), ["won", "won", "half_won", "lost", "lost"]),
        (over("2.75"), ["lost", "lost", "lost", "half_won", "won"]),
        (under("2.75"), ["won", "won", "won", "half_lost", "lost"]),
        (over("0.25"), ["half_lost", "won", "won", "won", "won"]),
    ],
)
def test_a_line_is_settled_by_the_number_of_goals(selection: Selection, by_goals: list[str]) -> None:
    assert [settle(bet(selection), played(goals, 0)).status for goals in range(5)] == by_goals
    assert [settle(bet(selection), played(0, goals)).status for goals in range(5)] == by_goals


@pytest.mark.parametrize(
    ("selection", "goals", "returned", "profit"),
    [
        (over("2.5"), 3, "19.10", "9.10"),
        (over("2.5"), 2, "0.00", "-10.00"),
        (over("2"), 2, "10.00", "0.00"),
        (over("2.75"), 3, "14.55", "4.55"),
        (over("2.25"), 2, "5.00", "-5.00"),
    ],
)
def test_what_is_returned_includes_the_stake(
    selection: Selection, goals: int, returned: str, profit: str
) -> None:
    settled = settle(bet(selection, price="1.91"), played(goals, 0))
    assert (settled.returned, settled.profit) == (Decimal(returned), Decimal(profit))


@given(
    st.sampled_from(["over", "under"]), st.integers(0, 12), stakes.map(lambda stake: 2 * stake), prices, goals
)
def test_a_quarter_line_is_two_bets_of_half_the_stake(
    name: str, half_line: int, stake: Decimal, price: Decimal, total: int
) -> None:
    lower = Decimal(half_line) / 2 + Decimal("0.5")
    quarter, half = Decimal("0.25"), Decimal("0.5")

    def profit(line: Decimal, money: Decimal) -> Decimal:
        selection = Selection(Market.OVER_UNDER, name, line)
        return settle(Bet(selection, money, price, PLACED, KICKOFF), played(total, 0)).profit

    together = profit(lower, stake / 2) + profit(lower + half, stake / 2)
    assert abs(profit(lower + quarter, stake) - together) <= Decimal("0.01")


@given(bets, endings)
def test_a_bet_loses_at_most_its_stake_and_wins_at_most_its_price(placed: Bet, ended: MatchEnding) -> None:
    settled = settle(placed, ended)
    assert -placed.stake <= settled.profit <= placed.stake * (placed.price - 1) + Decimal("0.005")
    assert settled.returned == placed.stake + settled.profit
    assert settled.profit == round(settled.profit, 2)
    assert settled.status != BetStatus.OPEN


@given(bets, endings)
def test_each_status_has_its_money(placed: Bet, ended: MatchEnding) -> None:
    settled = settle(placed, ended)
    wins = placed.stake * (placed.price - 1)
    expected = {
        BetStatus.WON: wins,
        BetStatus.HALF_WON: wins / 2,
        BetStatus.PUSH: Decimal(0),
        BetStatus.VOID: Decimal(0),
        BetStatus.HALF_LOST: -placed.stake / 2,
        BetStatus.LOST: -placed.stake,
    }[settled.status]
    assert abs(settled.profit - expected) <= Decimal("0.005")


@given(st.sampled_from([Market.MATCH_RESULT, Market.BOTH_TO_SCORE]), goals, goals)
def test_exactly_one_selection_of_a_market_wins(market: Market, home: int, away: int) -> None:
    statuses = [settle(bet(one), played(home, away)).status for one in selections_of(market)]
    assert statuses.count(BetStatus.WON) == 1
    assert statuses.count(BetStatus.LOST) == len(statuses) - 1


@given(lines, goals, goals)
def test_over_and_under_are_opposites(line: Decimal, home: int, away: int) -> None:
    opposite = {"won": "lost", "half_won": "half_lost", "push": "push"}
    opposite |= {there: here for here, there in opposite.items()}
    one, other = (settle(bet(x), played(home, away)).status for x in selections_of(Market.OVER_UNDER, line))
    assert opposite[one] == other


@pytest.mark.parametrize("ending", [Ending.POSTPONED, Ending.CANCELLED, Ending.ABANDONED, Ending.AWARDED])
def test_what_was_not_played_to_the_end_returns_the_stake(ending: Ending) -> None:
    settled = settle(bet(), MatchEnding(ending, KICKOFF, 3, 0))
    assert settled.status == BetStatus.VOID
    assert (settled.returned, settled.profit) == (Decimal(10), Decimal(0))
    assert settled.why == f"the match was {ending}: the stake is returned"


@pytest.mark.parametrize(("days", "status"), [(-3, "won"), (0, "won"), (2, "won"), (3, "void"), (60, "void")])
def test_a_match_that_was_put_off_for_days_returns_the_stake(days: int, status: str) -> None:
    assert settle(bet(), played(1, 0, days_later=days)).status == status


@pytest.mark.parametrize(
    ("began", "time_known", "status"),
    [
        (PLACED + timedelta(seconds=1), True, "won"),
        (PLACED, True, "void"),
        (PLACED - timedelta(hours=3), True, "void"),
        (PLACED - timedelta(hours=3), False, "won"),
    ],
)
def test_a_bet_on_a_match_that_had_begun_returns_the_stake(
    began: datetime, time_known: bool, status: str
) -> None:
    settled = settle(bet(), MatchEnding(Ending.PLAYED, began, 1, 0, kickoff_time_known=time_known))
    assert settled.status == status


def test_how_long_a_match_may_be_put_off_is_the_callers_choice() -> None:
    late = played(1, 0, days_later=3)
    assert settle(bet(), late, played_within=timedelta(days=3)).status == BetStatus.WON
    assert "72 hours later" in settle(bet(), late).why


def test_a_settlement_says_why() -> None:
    assert settle(bet(), played(2, 1)).why == "home win: won at 2-1"
    assert settle(bet(over("2.75")), played(2, 1)).why == "over 2.75: half_won at 2-1"


@given(bets, endings)
def test_settling_twice_changes_nothing(placed: Bet, ended: MatchEnding) -> None:
    assert settle(placed, ended) == settle(placed, ended)
    assert correction(settle(placed, ended), settle(placed, ended)) is None


def test_a_corrected_result_settles_anew_with_the_difference() -> None:
    lost, won = settle(bet(), played(1, 1)), settle(bet(), played(2, 1))
    assert correction(lost, won) == Correction(lost, won, Decimal("25.00"))
    assert correction(won, lost) == Correction(won, lost, Decimal("-25.00"))


def test_a_corrected_result_that_decides_the_same_is_told_without_money() -> None:
    at_first, corrected = settle(bet(), played(1, 0)), settle(bet(), played(2, 0))
    assert correction(at_first, corrected) == Correction(at_first, corrected, Decimal(0))


def test_a_push_that_becomes_void_is_a_correction_without_money() -> None:
    push = settle(bet(over("2")), played(1, 1))
    void = settle(bet(over("2")), MatchEnding(Ending.ABANDONED, KICKOFF))
    changed = correction(push, void)
    assert changed is not None
    assert changed.difference == 0


def test_what_was_played_stands_when_the_match_is_awarded_afterwards() -> None:
    on_the_pitch = settle(bet(), played(2, 1))
    awarded = settle(bet(), MatchEnding(Ending.AWARDED, KICKOFF, 0, 3))
    assert correction(on_the_pitch, awarded) is None
    assert correction(awarded, on_the_pitch) is not None


def test_a_postponed_match_that_is_played_soon_is_settled_by_its_result() -> None:
    postponed = settle(bet(), MatchEnding(Ending.POSTPONED, KICKOFF))
    next_day, next_month = settle(bet(), played(1, 0, 1)), settle(bet(), played(1, 0, 30))
    assert correction(postponed, next_day) == Correction(postponed, next_day, Decimal("15.00"))
    assert correction(postponed, next_month) == Correction(postponed, next_month, Decimal(0))


@given(bets, st.lists(endings, min_size=2, max_size=6))
def test_differences_of_a_trail_add_up_to_its_last_settlement(placed: Bet, trail: list[MatchEnding]) -> None:
    current = settle(placed, trail[0])
    paid = current.returned
    for ended in trail[1:]:
        if changed := correction(current, settle(placed, ended)):
            paid += changed.difference
            current = changed.new
    assert paid == current.returned


@pytest.mark.parametrize("score", [(None, None), (1, None), (None, 0), (-1, 0), (0, -1)])
def test_a_played_match_has_a_score(score: tuple[int | None, int | None]) -> None:
    with pytest.raises(ValueError, match="goals"):
        MatchEnding(Ending.PLAYED, KICKOFF, *score)


@pytest.mark.parametrize("stake", ["0", "-5", "0.001", "10.005", "NaN", "Infinity"])
def test_a_stake_is_whole_cents(stake: str) -> None:
    with pytest.raises(ValueError, match="whole cents"):
        bet(stake=stake)


def test_a_bet_has_a_price() -> None:
    with pytest.raises(OddsError):
        bet(price="1")


@given(bets, st.lists(endings, min_size=1, max_size=8))
def test_all_that_is_ever_paid_on_a_bet_is_what_it_returned_in_the_end(
    placed: Bet, told: list[MatchEnding]
) -> None:
    last, paid = None, Decimal(0)
    for ended in told:
        again = settle_again(placed, last, ended)
        if again is not None:
            last, difference = again
            paid += difference
        assert settle_again(placed, last, ended) is None
    assert last is not None
    assert paid == last.returned
    assert last.profit == last.returned - placed.stake
