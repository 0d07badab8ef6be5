"""Predictions are judged by the last word before kick-off, and only where the result is known."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from store.matches import upsert_matches
from store.models import add_version, lock_registry
from store.predictions import NewPrediction, judged_predictions, save_predictions
from tests.store.test_matches import KICKOFF, PLAYED
from tests.store.test_models import NEW

pytestmark = pytest.mark.anyio

MATCH, HOUR = 1, timedelta(hours=1)


async def predicted(conn: AsyncConnection, *hours_before: int) -> None:
    """Of the match, so many hours before kick-off; each says something else."""
    await upsert_matches(conn, [PLAYED])
    await lock_registry(conn, NEW.sport)
    model = await add_version(conn, NEW)
    rows = [
        NewPrediction(
            MATCH, model.id, KICKOFF - hours * HOUR, 0.5 + hours / 100, 0.2, 0.3 - hours / 100, "home"
        )
        for hours in hours_before
    ]
    await save_predictions(conn, 1, rows)


async def home_chances(conn: AsyncConnection, *, as_of_hours: int, until_hours: int = 1) -> list[float]:
    found = await judged_predictions(
        conn,
        since=KICKOFF,
        until=KICKOFF + until_hours * HOUR,
        as_of=KICKOFF + as_of_hours * HOUR,
    )
    return [row.home for row in found]


async def test_the_last_one_before_kick_off_counts_and_none_that_came_with_it_or_later(
    conn: AsyncConnection,
) -> None:
    await predicted(conn, 5, 2, 0, -1)
    assert await home_chances(conn, as_of_hours=2) == [0.52]


async def test_nothing_is_judged_before_its_result_is_known(conn: AsyncConnection) -> None:
    await predicted(conn, 2)
    assert await home_chances(conn, as_of_hours=1) == []


async def test_a_match_that_nobody_predicted_in_time_or_that_starts_at_the_end_is_left_out(
    conn: AsyncConnection,
) -> None:
    await predicted(conn, 0)
    assert await home_chances(conn, as_of_hours=2) == []
    await predicted(conn, 2)
    assert await home_chances(conn, as_of_hours=2, until_hours=0) == []
