"""Odds in every format are one decimal price, and read back as they were written."""

from decimal import Decimal
from math import gcd

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betting.odds import OddsError, OddsFormat, check_price, format_price, parse_price

DECIMAL, FRACTIONAL, AMERICAN = OddsFormat


def prices(highest: str = "10000") -> st.SearchStrategy[Decimal]:
    return st.decimals(Decimal("1.0001"), Decimal(highest), places=4)


@pytest.mark.parametrize(
    ("text", "written", "price"),
    [
        ("2.50", DECIMAL, "2.5"),
        ("23", DECIMAL, "23"),
        (" 1.01 ", DECIMAL, "1.01"),
        ("22/1", FRACTIONAL, "23"),
        ("11/8", FRACTIONAL, "2.375"),
        ("100/30", FRACTIONAL, "4.333333333333333333333333333"),
        ("10 / 11", FRACTIONAL, "1.909090909090909090909090909"),
        ("Evens", FRACTIONAL, "2"),
        ("EVS", FRACTIONAL, "2"),
        ("+150", AMERICAN, "2.5"),
        ("150", AMERICAN, "2.5"),
        ("-200", AMERICAN, "1.5"),
        ("-110", AMERICAN, "1.909090909090909090909090909"),
        ("+100", AMERICAN, "2"),
        ("-100", AMERICAN, "2"),
        ("EVEN", AMERICAN, "2"),
    ],
)
def test_each_format_is_read_as_a_decimal_price(text: str, written: OddsFormat, price: str) -> None:
    assert parse_price(text, written) == Decimal(price)


@pytest.mark.parametrize(
    ("price", "decimal", "fractional", "american"),
    [
        ("2", "2.00", "evens", "+100"),
        ("2.5", "2.50", "3/2", "+150"),
        ("1.5", "1.50", "1/2", "-200"),
        ("23", "23.00", "22/1", "+2200"),
        ("1.909", "1.909", "10/11", "-110"),
        ("1.9091", "1.9091", "10/11", "-110"),
        ("4.3333", "4.3333", "10/3", "+333"),
        ("1000", "1000.00", "999/1", "+99900"),
        ("1.00000001", "1.0001", "1/100", "-10000000000"),
    ],
)
def test_a_price_is_written_in_each_format(price: str, decimal: str, fractional: str, american: str) -> None:
    written = [format_price(Decimal(price), odds_format) for odds_format in OddsFormat]
    assert written == [decimal, fractional, american]


@given(prices("999999"))
def test_decimal_odds_survive_a_round_trip(price: Decimal) -> None:
    assert parse_price(format_price(price, DECIMAL), DECIMAL) == price


@given(st.integers(1, 10_000), st.integers(1, 100))
def test_fractional_odds_survive_a_round_trip_in_lowest_terms(wins: int, stake: int) -> None:
    lowest = f"{wins // gcd(wins, stake)}/{stake // gcd(wins, stake)}"
    back = format_price(parse_price(f"{wins}/{stake}", FRACTIONAL), FRACTIONAL)
    assert back == ("evens" if lowest == "1/1" else lowest)


@given(st.integers(1, 10_000), st.integers(1, 100))
def test_fractional_odds_survive_four_decimals(wins: int, stake: int) -> None:
    price = parse_price(f"{wins}/{stake}", FRACTIONAL)
    assert format_price(round(price, 4), FRACTIONAL) == format_price(price, FRACTIONAL)


@given(st.integers(101, 9_999_999), st.sampled_from("+-"))
def test_american_odds_survive_a_round_trip(number: int, sign: str) -> None:
    text = f"{sign}{number}"
    assert format_price(parse_price(text, AMERICAN), AMERICAN) == text


@given(prices("500"), prices("500"), st.sampled_from(OddsFormat))
def test_a_better_price_is_never_written_as_a_worse_one(one: Decimal, other: Decimal, to: OddsFormat) -> None:
    low, high = sorted([one, other])
    read = [parse_price(format_price(price, to), to) for price in (low, high) if price > Decimal("1.01")]
    assert read == sorted(read)


@pytest.mark.parametrize(
    ("written", "texts", "advice"),
    [
        (DECIMAL, ["", "-", "SP", "1", "1.00", "0.5", "-2", "1,91", "1e9", "NaN", "inf", "9" * 40], "2.50"),
        (FRACTIONAL, ["", "2.5", "0/1", "5/0", "5/", "-5/2", "5/2/1", "\u0665/2", "SP"], "22/1, or evens"),
        (AMERICAN, ["", "+99", "+099", "-5", "0", "1.91", "+-150", "++150", "150.5"], "-200"),
    ],
)
def test_what_is_no_price_is_refused_with_an_example(
    written: OddsFormat, texts: list[str], advice: str
) -> None:
    for text in texts:
        with pytest.raises(OddsError, match=advice) as refused:
            parse_price(text, written)
        assert len(str(refused.value)) < 130


@pytest.mark.parametrize("number", ["1", "0.99", "-3", "NaN", "sNaN", "Infinity"])
def test_a_number_that_pays_nothing_is_no_price(number: str) -> None:
    with pytest.raises(OddsError, match="above 1"):
        check_price(Decimal(number))
    for written in OddsFormat:
        with pytest.raises(OddsError):
            format_price(Decimal(number), written)
