"""Team sheets, and what players did."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Double, Named, SmallInteger, Table, TypedColumns
from sqlalchemy.dialects.postgresql import BIGINT, JSONB, TEXT

from store.tables.base import Time, metadata


class _LineupUpdates(TypedColumns):
    id: Named[int] = Column(BIGINT, primary_key=True)
    match_id: Named[int] = Column(BIGINT)
    side: Named[str] = Column(TEXT)
    source: Named[str] = Column(TEXT)
    team: Named[str] = Column(TEXT)
    known_at: Named[datetime] = Column(Time)
    players: Named[list[dict[str, Any]]] = Column(JSONB)
    sha256: Named[str] = Column(TEXT)
    job_id: Named[int] = Column(BIGINT)
    created_at: Named[datetime] = Column(Time)


class _PlayerStats(TypedColumns):
    match_id: Named[int] = Column(BIGINT, primary_key=True)
    source: Named[str] = Column(TEXT, primary_key=True)
    player_id: Named[str] = Column(TEXT, primary_key=True)
    player: Named[str] = Column(TEXT)
    side: Named[str] = Column(TEXT)
    team: Named[str] = Column(TEXT)
    minutes: Named[int | None] = Column(SmallInteger)
    goals: Named[int | None] = Column(SmallInteger)
    assists: Named[int | None] = Column(SmallInteger)
    shots: Named[int | None] = Column(SmallInteger)
    shots_on_target: Named[int | None] = Column(SmallInteger)
    yellow_cards: Named[int | None] = Column(SmallInteger)
    red_cards: Named[int | None] = Column(SmallInteger)
    rating: Named[float | None] = Column(Double)
    known_at: Named[datetime] = Column(Time)
    job_id: Named[int] = Column(BIGINT)


lineup_updates = Table("lineup_updates", metadata, _LineupUpdates)
player_stats = Table("player_stats", metadata, _PlayerStats)
