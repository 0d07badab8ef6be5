"""Picks, the bets placed on them, and what became of these."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Column, Computed, Double, Named, Numeric, SmallInteger, Table, TypedColumns
from sqlalchemy.dialects.postgresql import BIGINT, TEXT

from store.tables.base import Time, metadata


class _Bankrolls(TypedColumns):
    name: Named[str] = Column(TEXT, primary_key=True)
    opening: Named[Decimal] = Column(Numeric(14, 2))
    created_at: Named[datetime] = Column(Time)


class _Picks(TypedColumns):
    id: Named[int] = Column(BIGINT, primary_key=True)
    match_id: Named[int] = Column(BIGINT)
    model_id: Named[int] = Column(BIGINT)
    as_of: Named[datetime] = Column(Time)
    market: Named[str] = Column(TEXT)
    line: Named[Decimal | None] = Column(Numeric(5, 2))
    selection: Named[str] = Column(TEXT)
    bookmaker: Named[str] = Column(TEXT)
    price: Named[Decimal] = Column(Numeric(8, 3))
    price_known_at: Named[datetime] = Column(Time)
    probability: Named[float] = Column(Double)
    edge: Named[float] = Column(Double)
    kelly: Named[float] = Column(Double)
    stake: Named[Decimal] = Column(Numeric(12, 2))
    stake_limit: Named[str] = Column(TEXT)
    why: Named[str] = Column(TEXT)
    job_id: Named[int] = Column(BIGINT)
    created_at: Named[datetime] = Column(Time)


class _Bets(TypedColumns):
    id: Named[int] = Column(BIGINT, primary_key=True)
    bankroll: Named[str] = Column(TEXT)
    match_id: Named[int] = Column(BIGINT)
    pick_id: Named[int | None] = Column(BIGINT)
    market: Named[str] = Column(TEXT)
    line: Named[Decimal | None] = Column(Numeric(5, 2))
    selection: Named[str] = Column(TEXT)
    bookmaker: Named[str] = Column(TEXT)
    price: Named[Decimal] = Column(Numeric(8, 3))
    stake: Named[Decimal] = Column(Numeric(12, 2))
    probability: Named[float | None] = Column(Double)
    placed_at: Named[datetime] = Column(Time)
    kickoff_at: Named[datetime] = Column(Time)
    status: Named[str] = Column(TEXT)
    returned: Named[Decimal | None] = Column(Numeric(14, 2))
    profit: Named[Decimal | None] = Column(Numeric(14, 2), Computed("returned - stake", persisted=True))
    closing_price: Named[Decimal | None] = Column(Numeric(8, 3))
    closing_probability: Named[float | None] = Column(Double)
    settled_at: Named[datetime | None] = Column(Time)
    created_at: Named[datetime] = Column(Time)


class _BetSettlements(TypedColumns):
    id: Named[int] = Column(BIGINT, primary_key=True)
    bet_id: Named[int] = Column(BIGINT)
    settled_at: Named[datetime] = Column(Time)
    status: Named[str] = Column(TEXT)
    returned: Named[Decimal] = Column(Numeric(14, 2))
    difference: Named[Decimal] = Column(Numeric(14, 2))
    ending: Named[str] = Column(TEXT)
    home_goals: Named[int | None] = Column(SmallInteger)
    away_goals: Named[int | None] = Column(SmallInteger)
    why: Named[str] = Column(TEXT)
    job_id: Named[int] = Column(BIGINT)


bankrolls = Table("bankrolls", metadata, _Bankrolls)
picks = Table("picks", metadata, _Picks)
bets = Table("bets", metadata, _Bets)
bet_settlements = Table("bet_settlements", metadata, _BetSettlements)
