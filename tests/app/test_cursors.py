"""Cursors come back as what they were made of, and nothing else is one."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cursors import (
    MAX_CURSOR,
    BadCursor,
    decode_cursor,
    decode_timed_cursor,
    encode_cursor,
    encode_timed_cursor,
)

NUMBER = st.integers(1, 2**63 - 1)


@given(NUMBER)
def test_a_number_comes_back(number: int) -> None:
    assert decode_cursor(encode_cursor(number)) == number


@given(st.datetimes(timezones=st.just(UTC)), NUMBER)
def test_a_moment_comes_back_with_its_number(moment: datetime, number: int) -> None:
    cursor = encode_timed_cursor(moment, number)
    assert decode_timed_cursor(cursor) == (moment, number)
    assert len(cursor) <= MAX_CURSOR


@pytest.mark.parametrize("text", ["j1", "t1", "t1.0", "t1.x", f"t{10**17 * 9}.1", f"t1.{2**63}", "t01.1 "])
def test_another_text_is_no_timed_cursor(text: str) -> None:
    with pytest.raises(BadCursor):
        decode_timed_cursor(base64.urlsafe_b64encode(text.encode()).decode().rstrip("="))


def test_a_timed_cursor_is_no_cursor_of_numbers() -> None:
    with pytest.raises(BadCursor):
        decode_cursor(encode_timed_cursor(datetime(2026, 1, 1, tzinfo=UTC), 1))
