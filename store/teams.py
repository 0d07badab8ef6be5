"""Whom providers mean by the names of teams: what people confirmed, and the names that wait for them."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from store.audit import record
from store.jsonb import storable_json
from store.queries import query
from store.tables.providers import team_aliases, unmatched_teams


@dataclass(frozen=True, slots=True)
class NewUnmatched:
    """A name that matches no team; `suggestions` are teams with their scores, best first."""

    league_code: str
    name: str
    suggestions: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class UnmatchedRow:
    """A name of a source that waits for a person, seen so often."""

    id: int
    source: str
    league_code: str
    name: str
    suggestions: list[dict[str, Any]]
    times_seen: int
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class AliasRow:
    """Within the leagues of a country, `source` calls `team` by the name `alias`."""

    id: int
    source: str
    country: str
    alias: str
    team: str
    confirmed_by: str
    confirmed_at: datetime


async def aliases_of(conn: AsyncConnection, source: str) -> list[AliasRow]:
    return await _aliases(conn, select(*_ALIAS).where(team_aliases.c.source == source))


async def list_aliases(conn: AsyncConnection, *, after: int = 0, limit: int = 100) -> list[AliasRow]:
    """In the order in which they were confirmed first, from behind the id `after`."""
    found = select(*_ALIAS).where(team_aliases.c.id > after).order_by(team_aliases.c.id).limit(limit)
    return await _aliases(conn, found)


async def list_unmatched(
    conn: AsyncConnection, *, source: str | None = None, after: int = 0, limit: int = 100
) -> list[UnmatchedRow]:
    """The oldest first, from behind the id `after`."""
    columns = [unmatched_teams.c[name] for name in UnmatchedRow.__dataclass_fields__]
    found = select(*columns).where(unmatched_teams.c.id > after).order_by(unmatched_teams.c.id).limit(limit)
    if source is not None:
        found = found.where(unmatched_teams.c.source == source)
    return [UnmatchedRow(*row) for row in await conn.execute(found)]


async def report_unmatched(
    conn: AsyncConnection, job_id: int, source: str, rows: Sequence[NewUnmatched]
) -> None:
    """Keeps the names; one that was reported before is seen once more, with the suggestions of now."""
    payload = storable_json([asdict(row) for row in rows])
    await conn.execute(query("report_unmatched"), {"rows": payload, "source": source, "job_id": job_id})


async def forget_unmatched(
    conn: AsyncConnection, source: str, leagues: Collection[str], names: Collection[str]
) -> None:
    """These names are matched by now."""
    await conn.execute(
        delete(unmatched_teams).where(
            unmatched_teams.c.source == source,
            unmatched_teams.c.league_code.in_(leagues),
            unmatched_teams.c.name.in_(names),
        )
    )


async def confirm_alias(
    conn: AsyncConnection, *, source: str, country: str, alias: str, team: str, confirmed_by: str
) -> AliasRow:
    """The name is this team's from the next ingest on. What was stored stays; the change is audited."""
    named = {"source": source, "country": country, "alias": alias}
    new = {"team": team, "confirmed_by": confirmed_by, "confirmed_at": func.clock_timestamp()}
    # Added first: of two first confirmations at once, the later one waits and then sees the earlier.
    adding = insert(team_aliases).values(**named, **new).on_conflict_do_nothing().returning(*_ALIAS)
    row, before = (await conn.execute(adding)).first(), None
    if row is None:
        of_name = and_(*(team_aliases.c[column] == value for column, value in named.items()))
        before = (await conn.execute(select(*_ALIAS).where(of_name).with_for_update())).one()
        if before.team == team:
            return AliasRow(*before)
        changing = update(team_aliases).where(of_name).values(**new).returning(*_ALIAS)
        row = (await conn.execute(changing)).one()
    stored = AliasRow(*row)
    details = {"team": team, "before": before and before.team}
    await _record(conn, confirmed_by, "team_alias_confirmed", stored, details)
    return stored


async def delete_alias(conn: AsyncConnection, alias_id: int, *, deleted_by: str) -> bool:
    """Whether there was one. What was stored under it stays; the change is audited."""
    gone = delete(team_aliases).where(team_aliases.c.id == alias_id).returning(*_ALIAS)
    row = (await conn.execute(gone)).first()
    if row is None:
        return False
    alias = AliasRow(*row)
    await _record(conn, deleted_by, "team_alias_deleted", alias, {"team": None, "before": alias.team})
    return True


async def _record(
    conn: AsyncConnection, actor: str, action: str, alias: AliasRow, details: dict[str, Any]
) -> None:
    subject = f"team_alias:{alias.source}:{alias.country}:{alias.alias}"
    await record(conn, actor=actor, action=action, subject=subject, details=details)


async def _aliases(conn: AsyncConnection, found: Any) -> list[AliasRow]:
    return [AliasRow(*row) for row in await conn.execute(found)]


_ALIAS = [team_aliases.c[name] for name in AliasRow.__dataclass_fields__]
