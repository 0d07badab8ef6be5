"""What the models said of each match, and the latest of it by league."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from store.queries import query
from store.tables.models import match_predictions

KEY = ("match_id", "model_id", "as_of")


@dataclass(frozen=True, slots=True)
class NewPrediction:
    """Probabilities of the three results of one match (adding up to 1), knowing nothing later than as_of.

    Beside them what follows from goals, all of it or nothing: the goals expected of either side, two chances,
    and the likeliest scores as {"1-0": 0.11}.
    """

    match_id: int
    model_id: int
    as_of: datetime
    home: float
    draw: float
    away: float
    pick: str
    home_goals: float | None = None
    away_goals: float | None = None
    over_2_5: float | None = None
    both_to_score: float | None = None
    likely_scores: dict[str, float] | None = None


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """One prediction with its match and the model version that made it."""

    match_id: int
    league_code: str
    season: str
    kickoff_at: datetime
    home_team: str
    away_team: str
    home: float
    draw: float
    away: float
    pick: str
    home_goals: float | None
    away_goals: float | None
    over_2_5: float | None
    both_to_score: float | None
    likely_scores: dict[str, float] | None
    model_id: int
    model_name: str
    model_version: int
    as_of: datetime
    job_id: int
    predicted_at: datetime


@dataclass(frozen=True, slots=True)
class JudgedPrediction:
    """The last prediction before a match began, and how the match ended."""

    match_id: int
    league_code: str
    kickoff_at: datetime
    home_goals: int
    away_goals: int
    home: float
    draw: float
    away: float
    model_id: int


async def save_predictions(conn: AsyncConnection, job_id: int, rows: Sequence[NewPrediction]) -> int:
    """Stores the predictions; the same model asked again as of the same moment overwrites its answer."""
    if not rows:
        return 0
    new = insert(match_predictions)
    told = NewPrediction.__dataclass_fields__.keys() - set(KEY)
    replace = {name: new.excluded[name] for name in (*told, "job_id")}
    await conn.execute(
        new.on_conflict_do_update(
            index_elements=KEY,
            set_={**replace, "predicted_at": func.now()},
        ),
        [{**asdict(row), "job_id": job_id} for row in rows],
    )
    return len(rows)


async def forget_other_moments(
    conn: AsyncConnection, job_id: int, as_of: datetime, match_ids: Collection[int]
) -> None:
    """Deletes what an earlier attempt of the job said of these matches, as of its own moment."""
    table = match_predictions.c
    said = (table.job_id == job_id, table.as_of != as_of, table.match_id.in_(match_ids))
    await conn.execute(delete(match_predictions).where(*said))


async def league_predictions(
    conn: AsyncConnection, league_code: str, *, limit: int = 500
) -> list[PredictionRow]:
    """What was said of the league as of the latest moment, in the order of kick-off.

    A replay of the past shows only while nothing later was ever predicted.
    """
    return await _predictions(conn, "league_predictions", {"league_code": league_code, "limit": limit})


async def match_prediction(conn: AsyncConnection, match_id: int) -> PredictionRow | None:
    """The latest that was said of the match."""
    return next(iter(await _predictions(conn, "match_prediction", {"match_id": match_id})), None)


async def job_predictions(conn: AsyncConnection, job_id: int, *, limit: int = 5_000) -> list[PredictionRow]:
    """What one job predicted, in the order of kick-off."""
    return await _predictions(conn, "job_predictions", {"job_id": job_id, "limit": limit})


async def judged_predictions(
    conn: AsyncConnection, *, since: datetime, until: datetime, as_of: datetime
) -> list[JudgedPrediction]:
    """Of matches that kicked off from `since` until before `until`, with results known at `as_of`."""
    moments = {"since": since, "until": until, "as_of": as_of}
    return [JudgedPrediction(*row) for row in await conn.execute(query("judged_predictions"), moments)]


async def delete_old_predictions(conn: AsyncConnection, age: timedelta, limit: int = 1_000) -> int:
    """Deletes predictions made longer ago, but the last before the kick-off of each match; how many went."""
    return (await conn.execute(query("delete_old_predictions"), {"age": age, "limit": limit})).rowcount


async def count_predictions(conn: AsyncConnection, job_id: int) -> int:
    found = select(func.count()).where(match_predictions.c.job_id == job_id)
    return int(await conn.scalar(found) or 0)


async def _predictions(conn: AsyncConnection, name: str, parameters: dict[str, Any]) -> list[PredictionRow]:
    return [PredictionRow(**row._mapping) for row in await conn.execute(query(name), parameters)]
