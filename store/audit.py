"""The audit log: who changed what, when, and how it was before."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables.models import audit_log


@dataclass(frozen=True)
class AuditRow:
    """One change; `subject` names what was changed, as in "model:football"."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: dict[str, Any]


async def record(
    conn: AsyncConnection, *, actor: str, action: str, subject: str, details: Mapping[str, Any]
) -> int:
    """In the transaction of the change itself: there is none without its record. Gives its number."""
    values = {"actor": actor, "action": action, "subject": subject, "details": dict(details)}
    added = await conn.execute(insert(audit_log).values(**values).returning(audit_log.c.id))
    return int(added.scalar_one())


async def list_changes(
    conn: AsyncConnection,
    subject: str,
    *,
    actions: Collection[str] | None = None,
    below: int | None = None,
    limit: int | None = 100,
) -> list[AuditRow]:
    """The changes of one subject, newest first; `below` is the number of the last one already seen."""
    columns = [audit_log.c[name] for name in AuditRow.__dataclass_fields__]
    found = select(*columns).where(audit_log.c.subject == subject)
    if actions is not None:
        found = found.where(audit_log.c.action.in_(sorted(actions)))
    if below is not None:
        found = found.where(audit_log.c.id < below)
    rows = await conn.execute(found.order_by(audit_log.c.id.desc()).limit(limit))
    return [AuditRow(**row._mapping) for row in rows]
