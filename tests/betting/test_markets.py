"""Only what can be bet on is a selection."""

from decimal import Decimal

import pytest

from betting.markets import SELECTIONS, Market, Selection, SelectionError, selections_of

RESULT, TOTAL, BOTH, SCORE = Market


@pytest.mark.parametrize(
    ("selection", "written"),
    [
        (Selection(RESULT, "home"), "home win"),
        (Selection(RESULT, "draw"), "draw"),
        (Selection(TOTAL, "over", Decimal("2.5")), "over 2.5"),
        (Selection(TOTAL, "under", Decimal("2.250")), "under 2.25"),
        (Selection(TOTAL, "under", Decimal("100")), "under 100"),
        (Selection(BOTH, "no"), "both teams to score: no"),
        (Selection(SCORE, "10-0"), "score 10-0"),
    ],
)
def test_a_selection_reads_as_people_say_it(selection: Selection, written: str) -> None:
    assert str(selection) == written


def test_a_line_is_the_same_with_any_number_of_zeros() -> None:
    with_zero = Selection(TOTAL, "over", Decimal("2.50"))
    assert {with_zero: 1}[Selection(TOTAL, "over", Decimal("2.5"))] == 1


@pytest.mark.parametrize(
    ("market", "name", "line", "advice"),
    [
        (RESULT, "1", None, "choose home, draw, away"),
        (RESULT, "Home", None, "choose home, draw, away"),
        (RESULT, "home", Decimal("0.5"), "leave out 0.5"),
        (BOTH, "over", None, "choose yes, no"),
        (TOTAL, "over", None, "needs a line"),
        (TOTAL, "over", Decimal("2.3"), "in quarters"),
        (TOTAL, "over", Decimal(0), "needs a line"),
        (TOTAL, "over", Decimal("-2.5"), "needs a line"),
        (TOTAL, "over", Decimal("1e9"), "up to 500"),
        (TOTAL, "over", Decimal("NaN"), "needs a line"),
        (SCORE, "2:1", None, "such as 2-1"),
        (SCORE, "02-1", None, "such as 2-1"),
        (SCORE, "other", None, "such as 2-1"),
    ],
)
def test_what_cannot_be_bet_on_is_refused(
    market: Market, name: str, line: Decimal | None, advice: str
) -> None:
    with pytest.raises(SelectionError, match=advice):
        Selection(market, name, line)


def test_the_selections_of_a_market_are_in_the_order_of_its_columns() -> None:
    line = Decimal("2.5")
    assert [str(one) for one in selections_of(RESULT)] == ["home win", "draw", "away win"]
    assert selections_of(TOTAL, line) == (Selection(TOTAL, "over", line), Selection(TOTAL, "under", line))
    assert set(SELECTIONS) == set(Market) - {SCORE}


def test_of_correct_scores_there_is_no_list() -> None:
    with pytest.raises(SelectionError, match="name each"):
        selections_of(SCORE)
