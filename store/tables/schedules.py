"""Schedules and what became of their times."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Named, Table, TypedColumns
from sqlalchemy.dialects.postgresql import BIGINT, INTERVAL, JSONB, TEXT

from store.tables.base import Time, metadata


class _Schedules(TypedColumns):
    id: Named[int] = Column(BIGINT, primary_key=True)
    name: Named[str] = Column(TEXT)
    job_type: Named[str] = Column(TEXT)
    params: Named[dict[str, Any]] = Column(JSONB)
    cron: Named[str | None] = Column(TEXT)
    time_zone: Named[str | None] = Column(TEXT)
    every: Named[timedelta | None] = Column(INTERVAL)
    min_wait: Named[timedelta | None] = Column(INTERVAL)
    max_wait: Named[timedelta | None] = Column(INTERVAL)
    misfire: Named[str] = Column(TEXT)
    misfire_after: Named[timedelta] = Column(INTERVAL)
    priority: Named[int]
    paused_at: Named[datetime | None] = Column(Time)
    paused_by: Named[str | None] = Column(TEXT)
    next_at: Named[datetime | None] = Column(Time)
    waits_for_job: Named[int | None] = Column(BIGINT)
    last_at: Named[datetime | None] = Column(Time)
    last_job_id: Named[int | None] = Column(BIGINT)
    last_error: Named[str | None] = Column(TEXT)
    created_at: Named[datetime] = Column(Time)
    updated_at: Named[datetime] = Column(Time)


class _ScheduleTicks(TypedColumns):
    schedule_id: Named[int] = Column(BIGINT, primary_key=True)
    tick_at: Named[datetime] = Column(Time, primary_key=True)
    handled_at: Named[datetime] = Column(Time)
    outcome: Named[str] = Column(TEXT)
    job_id: Named[int | None] = Column(BIGINT)
    error: Named[str | None] = Column(TEXT)


schedules = Table("schedules", metadata, _Schedules)
schedule_ticks = Table("schedule_ticks", metadata, _ScheduleTicks)
