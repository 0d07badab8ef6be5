"""The odds of a football-data.co.uk line: whose, of which market, opening or closing, known since when."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.football_data_file import Line, read_lines
from providers.football_data_odds import opening_known_at
from providers.rows import Market, OddsRow, RejectedRow

LONDON = ZoneInfo("Europe/London")
MATCH = {"Div": "E0", "Date": "16/08/2014", "Time": "15:00", "HomeTeam": "A", "AwayTeam": "B"}
RESULT = {"FTHG": "2", "FTAG": "1", "FTR": "H"}
FRIDAY = datetime(2014, 8, 15, 16, tzinfo=UTC)
KICKOFF = datetime(2014, 8, 16, 14, tzinfo=UTC)


def read(**columns: str) -> tuple[tuple[OddsRow, ...], list[RejectedRow]]:
    cells = MATCH | RESULT | columns
    lines = list(read_lines(f"{','.join(cells)}\n{','.join(cells.values())}\n".encode(), "E0", LONDON, None))
    (match,) = [line.match for line in lines if isinstance(line, Line)]
    return match.odds, [line for line in lines if isinstance(line, RejectedRow)]


def prices(*texts: str) -> tuple[Decimal, ...]:
    return tuple(Decimal(text) for text in texts)


def reasons(rejected: list[RejectedRow]) -> list[str]:
    return [row.reason for row in rejected]


def test_opening_and_closing_odds_are_told_apart() -> None:
    odds, rejected = read(AvgH="1.9", AvgD="3.5", AvgA="4.2", AvgCH="1.85", AvgCD="3.6", AvgCA="4.4")
    assert rejected == []
    assert odds == (
        OddsRow("average", Market.MATCH_RESULT, None, prices("1.9", "3.5", "4.2"), False, FRIDAY),
        OddsRow("average", Market.MATCH_RESULT, None, prices("1.85", "3.6", "4.4"), True, KICKOFF),
    )


def test_over_and_under_have_the_line_of_their_columns() -> None:
    odds, _ = read(**{"Avg<2.5": "1.9", "Avg>2.5": "2.0", "PC>2.5": "2.05", "PC<2.5": "1.88"})
    assert odds == (
        OddsRow("average", Market.OVER_UNDER, Decimal("2.5"), prices("2.0", "1.9"), False, FRIDAY),
        OddsRow("pinnacle", Market.OVER_UNDER, Decimal("2.5"), prices("2.05", "1.88"), True, KICKOFF),
    )


@pytest.mark.parametrize(
    ("prefix", "bookmaker", "is_closing"),
    [
        ("BbAv", "average", False),
        ("BbMx", "maximum", False),
        ("Max", "maximum", False),
        ("MaxC", "maximum", True),
        ("B365", "bet365", False),
        ("B365C", "bet365", True),
        ("PS", "pinnacle", False),
        ("P", "pinnacle", False),
        ("PSC", "pinnacle", True),
    ],
)
def test_columns_of_every_age_are_known(prefix: str, bookmaker: str, is_closing: bool) -> None:
    odds, _ = read(**{f"{prefix}H": "1.9", f"{prefix}D": "3.5", f"{prefix}A": "4.2"})
    assert [(row.bookmaker, row.is_closing) for row in odds] == [(bookmaker, is_closing)]


def test_the_newer_columns_count_where_both_are_there() -> None:
    odds, _ = read(BbAvH="1.8", BbAvD="3.5", BbAvA="4.2", AvgH="1.9", AvgD="3.5", AvgA="4.2")
    assert [row.prices[0] for row in odds] == [Decimal("1.9")]


def test_columns_that_are_not_complete_are_no_market() -> None:
    assert read(AvgH="1.9", AvgA="4.2") == ((), [])


def test_blank_odds_are_nothing_and_a_price_alone_is_kept() -> None:
    assert read(AvgH="", AvgD=" ", AvgA="") == ((), [])
    odds, rejected = read(AvgH="1.9", AvgD="", AvgA="")
    assert (odds[0].prices, rejected) == ((Decimal("1.9"), None, None), [])


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        ("1", "odds 1 are not above 1 and at most 1000"),
        ("0", "odds 0 are not above 1 and at most 1000"),
        ("1000.5", "odds 1000.5 are not above 1 and at most 1000"),
        ("evens", "odds 'evens' are not a number"),
        ("-1.5", "odds '-1.5' are not a number"),
        ("NaN", "odds 'NaN' are not a number"),
        ("1e2", "odds '1e2' are not a number"),
        ("\u0662.5", "odds '\u0662.5' are not a number"),
        ("#VALUE!", "odds '#VALUE!' are not a number"),
    ],
)
def test_an_absurd_price_is_refused_and_the_match_lands(price: str, reason: str) -> None:
    odds, rejected = read(AvgH=price, AvgD="3.5", AvgA="4.2", B365H="1.9", B365D="3.5", B365A="4.2")
    assert [row.bookmaker for row in odds] == ["bet365"]
    assert reasons(rejected) == [reason]
    assert rejected[0].raw == {"AvgH": price, "AvgD": "3.5", "AvgA": "4.2"}


@pytest.mark.parametrize(
    ("three", "total"), [(("3.4", "3.9", "4.4"), "0.78"), (("1.2", "2.1", "2.2"), "1.76")]
)
def test_prices_that_do_not_belong_together_are_refused(three: tuple[str, ...], total: str) -> None:
    odds, rejected = read(**dict(zip(("AvgH", "AvgD", "AvgA"), three, strict=True)))
    assert odds == ()
    assert reasons(rejected) == [f"inverse odds add up to {total}, not 0.9 to 1.6"]


def test_the_best_prices_of_many_may_add_up_to_less() -> None:
    best = {"MaxH": "3.4", "MaxD": "3.9", "MaxA": "4.4"}
    assert len(read(**best)[0]) == 1


@pytest.mark.parametrize(
    ("kickoff", "known_at"),
    [
        # Saturday, Sunday and Monday: Friday 17:00 in Britain, in summer and in winter.
        (datetime(2026, 8, 15, 14, tzinfo=UTC), datetime(2026, 8, 14, 16, tzinfo=UTC)),
        (datetime(2026, 1, 18, 16, tzinfo=UTC), datetime(2026, 1, 16, 17, tzinfo=UTC)),
        (datetime(2026, 1, 19, 20, tzinfo=UTC), datetime(2026, 1, 16, 17, tzinfo=UTC)),
        # Tuesday to Thursday: Tuesday 13:00.
        (datetime(2026, 1, 20, 19, 45, tzinfo=UTC), datetime(2026, 1, 20, 13, tzinfo=UTC)),
        (datetime(2026, 1, 22, 20, tzinfo=UTC), datetime(2026, 1, 20, 13, tzinfo=UTC)),
        # Friday night: three hours before. Twelve hours before, nobody had these prices.
        (datetime(2026, 1, 16, 20, tzinfo=UTC), datetime(2026, 1, 16, 17, tzinfo=UTC)),
        # A match before the deadline of its day: nobody knows; not before it begins, to be safe.
        (datetime(2026, 12, 25, 12, 30, tzinfo=UTC), datetime(2026, 12, 25, 12, 30, tzinfo=UTC)),
    ],
)
def test_opening_odds_are_known_from_the_deadline_of_their_collection(
    kickoff: datetime, known_at: datetime
) -> None:
    assert opening_known_at(kickoff) == known_at


@given(st.integers(750_000_000, 4_000_000_000))
def test_opening_odds_are_never_known_after_kick_off_nor_days_before(seconds: int) -> None:
    kickoff = datetime.fromtimestamp(seconds, UTC)
    assert 0 <= (kickoff - opening_known_at(kickoff)).total_seconds() < 4 * 86_400
