"""Bodies over a real connection: read no further than the limit, whatever their length is said to be."""

import json
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx2
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.strict_json import MAX_DEPTH, FaultyJson, NotJson, parse

JSON = {"Content-Type": "application/json"}
MEGABYTE = 1_000_000


async def chunks(megabytes: int) -> AsyncIterator[bytes]:
    for _ in range(megabytes):
        yield b"x" * MEGABYTE


@pytest.mark.anyio
async def test_a_large_body_is_refused_and_the_connection_lives_on(server: str) -> None:
    async with httpx2.AsyncClient(base_url=server) as client:
        answer = await client.post("/api/jobs", content=b"x" * 10 * MEGABYTE, headers=JSON)
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["max_bytes"] == MEGABYTE
        assert (await client.get("/live")).status_code == 200


@pytest.mark.anyio
async def test_a_body_of_unknown_length_is_not_kept(server: str) -> None:
    before = psutil.Process().memory_info().rss
    async with httpx2.AsyncClient(base_url=server) as client:
        answer = await client.post("/api/jobs", content=chunks(50), headers=JSON)
    assert answer.status_code == 413
    assert answer.json()["type"] == "/problems/body-too-large"
    assert psutil.Process().memory_info().rss - before < 20 * MEGABYTE


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused(body: bytes) -> None:
    with suppress(NotJson, FaultyJson):
        parse(body)


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)


@given(VALUES)
def test_what_can_be_stored_is_taken_as_it_is(value: object) -> None:
    assert parse(json.dumps(value, ensure_ascii=False).encode()) == value


def test_the_deepest_allowed_value_is_taken() -> None:
    parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    with pytest.raises(FaultyJson):
        parse(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))
