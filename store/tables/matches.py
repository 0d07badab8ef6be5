"""Matches, their odds, and the rows of sources that were refused."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, Named, Numeric, SmallInteger, Table, TypedColumns
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, JSONB, TEXT

from store.tables.base import Time, metadata


class _Matches(TypedColumns):
    id: Named[int] = Column(BIGINT, primary_key=True)
    league_code: Named[str] = Column(TEXT)
    season: Named[str] = Column(TEXT)
    kickoff_at: Named[datetime] = Column(Time)
    kickoff_date: Named[date]
    kickoff_time_known: Named[bool]
    home_team: Named[str] = Column(TEXT)
    away_team: Named[str] = Column(TEXT)
    home_goals: Named[int | None] = Column(SmallInteger)
    away_goals: Named[int | None] = Column(SmallInteger)
    result_known_at: Named[datetime | None] = Column(Time)
    source: Named[str] = Column(TEXT)
    created_at: Named[datetime] = Column(Time)
    updated_at: Named[datetime] = Column(Time)
    status: Named[str] = Column(TEXT)


class _UpcomingMatches(TypedColumns):
    id: Named[int] = Column(BIGINT, primary_key=True)
    league_code: Named[str] = Column(TEXT)
    season: Named[str] = Column(TEXT)
    kickoff_at: Named[datetime] = Column(Time)
    kickoff_time_known: Named[bool]
    home_team: Named[str] = Column(TEXT)
    away_team: Named[str] = Column(TEXT)


class _MatchOdds(TypedColumns):
    match_id: Named[int] = Column(BIGINT)
    source: Named[str] = Column(TEXT)
    bookmaker: Named[str] = Column(TEXT)
    market: Named[str] = Column(TEXT)
    line: Named[Decimal | None] = Column(Numeric(5, 2))
    is_closing: Named[bool]
    known_at: Named[datetime] = Column(Time)
    prices: Named[list[Decimal | None]] = Column(ARRAY(Numeric(8, 3)))


class _QuarantinedRows(TypedColumns):
    id: Named[int] = Column(BIGINT, primary_key=True)
    source: Named[str] = Column(TEXT)
    file: Named[str] = Column(TEXT)
    line: Named[int]
    reason: Named[str] = Column(TEXT)
    raw: Named[dict[str, Any]] = Column(JSONB)
    job_id: Named[int] = Column(BIGINT)
    first_seen_at: Named[datetime] = Column(Time)
    last_seen_at: Named[datetime] = Column(Time)


matches = Table("matches", metadata, _Matches)
upcoming_matches = Table("upcoming_matches", metadata, _UpcomingMatches, info={"is_view": True})
match_odds = Table("match_odds", metadata, _MatchOdds)
quarantined_rows = Table("quarantined_rows", metadata, _QuarantinedRows)
