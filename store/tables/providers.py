"""How providers fare, what their servers gave to ask again with, and whom they mean by the names of teams."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Named, Table, TypedColumns
from sqlalchemy.dialects.postgresql import BIGINT, JSONB, TEXT

from store.tables.base import Time, metadata


class _ProviderStates(TypedColumns):
    source: Named[str] = Column(TEXT, primary_key=True)
    last_success_at: Named[datetime | None] = Column(Time)
    last_failure_at: Named[datetime | None] = Column(Time)
    last_error: Named[str | None] = Column(TEXT)
    failures: Named[int]


class _ProviderValidators(TypedColumns):
    source: Named[str] = Column(TEXT, primary_key=True)
    name: Named[str] = Column(TEXT, primary_key=True)
    etag: Named[str | None] = Column(TEXT)
    last_modified: Named[str | None] = Column(TEXT)
    stored_at: Named[datetime] = Column(Time)


class _TeamAliases(TypedColumns):
    id: Named[int] = Column(BIGINT, primary_key=True)
    source: Named[str] = Column(TEXT)
    country: Named[str] = Column(TEXT)
    alias: Named[str] = Column(TEXT)
    team: Named[str] = Column(TEXT)
    confirmed_by: Named[str] = Column(TEXT)
    confirmed_at: Named[datetime] = Column(Time)


class _UnmatchedTeams(TypedColumns):
    id: Named[int] = Column(BIGINT, primary_key=True)
    source: Named[str] = Column(TEXT)
    league_code: Named[str] = Column(TEXT)
    name: Named[str] = Column(TEXT)
    suggestions: Named[list[dict[str, Any]]] = Column(JSONB)
    times_seen: Named[int]
    first_seen_at: Named[datetime] = Column(Time)
    last_seen_at: Named[datetime] = Column(Time)
    job_id: Named[int] = Column(BIGINT)


provider_states = Table("provider_states", metadata, _ProviderStates)
provider_validators = Table("provider_validators", metadata, _ProviderValidators)
team_aliases = Table("team_aliases", metadata, _TeamAliases)
unmatched_teams = Table("unmatched_teams", metadata, _UnmatchedTeams)
