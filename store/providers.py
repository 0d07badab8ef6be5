"""How providers fared when jobs asked them, and what their servers gave to ask again with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from store.jsonb import storable_text
from store.tables.providers import provider_states, provider_validators

LONGEST_ERROR = 500


@dataclass(frozen=True)
class ProviderState:
    """`failures` is how often in a row it failed since its last success."""

    source: str
    last_success_at: datetime | None
    last_failure_at: datetime | None
    last_error: str | None
    failures: int


@dataclass(frozen=True)
class StoredValidator:
    """What a server gave along with a file, letter by letter."""

    etag: str | None
    last_modified: str | None


async def note_success(conn: AsyncConnection, source: str) -> None:
    values = {"last_success_at": func.clock_timestamp(), "failures": 0}
    await conn.execute(
        insert(provider_states)
        .values(source=source, **values)
        .on_conflict_do_update(index_elements=["source"], set_=values)
    )


async def note_failure(conn: AsyncConnection, source: str, error: str) -> None:
    failed = {"last_failure_at": func.clock_timestamp(), "last_error": storable_text(error)[:LONGEST_ERROR]}
    await conn.execute(
        insert(provider_states)
        .values(source=source, failures=1, **failed)
        .on_conflict_do_update(
            index_elements=["source"], set_={**failed, "failures": provider_states.c.failures + 1}
        )
    )


async def provider_states_by_source(conn: AsyncConnection) -> dict[str, ProviderState]:
    columns = [provider_states.c[name] for name in ProviderState.__dataclass_fields__]
    return {row.source: ProviderState(*row) for row in await conn.execute(select(*columns))}


async def validators_of(conn: AsyncConnection, source: str) -> dict[str, StoredValidator]:
    """By the name of the file."""
    table = provider_validators
    found = select(table.c.name, table.c.etag, table.c.last_modified).where(table.c.source == source)
    return {row.name: StoredValidator(row.etag, row.last_modified) for row in await conn.execute(found)}


async def keep_validators(
    conn: AsyncConnection, source: str, validators: Mapping[str, StoredValidator]
) -> None:
    """In the transaction of the rows that they stand for."""
    if not validators:
        return
    new = insert(provider_validators)
    changed = {name: new.excluded[name] for name in ("etag", "last_modified")}
    await conn.execute(
        new.on_conflict_do_update(
            index_elements=["source", "name"], set_={**changed, "stored_at": func.now()}
        ),
        [
            {"source": source, "name": name, "etag": one.etag, "last_modified": one.last_modified}
            for name, one in validators.items()
        ],
    )
