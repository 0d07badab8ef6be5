"""Puts versions in service, by a training or by hand, and takes them back; each change is in the audit log.

A change counts from its commit on: a prediction job that starts afterwards reads the version in service.
Light, for the web process does it in the request.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from modeling.service_history import PUT_IN_SERVICE, ROLLED_BACK, Change, Version, served_before
from modeling.stacks import answers_every_match
from store.audit import AuditRow, list_changes, record
from store.models import ModelRow, activate, active_model, find_version, lock_registry

PROMOTED = "promoted"
ACTIONS = PUT_IN_SERVICE | {ROLLED_BACK}


class UnknownVersion(Exception):
    """The registry has no such version."""


class ServiceConflict(Exception):
    """What serves now does not allow the change that was asked for."""


class CannotServe(Exception):
    """The version has no answer to some matches, or its artifact is of no use."""


@dataclass(frozen=True)
class Asked:
    """Who asks for a change by hand, why, and why the artifact was not looked at if it was not."""

    actor: str
    reason: str
    unchecked: str | None


@dataclass(frozen=True)
class InService:
    """A change by hand: the version that serves now, what it was, and what served before."""

    change_id: int
    model: ModelRow
    was: ModelRow
    before: ModelRow | None


async def version_to_promote(conn: AsyncConnection, sport: str, name: str, version: int) -> ModelRow:
    """The version of that number. Raises UnknownVersion, ServiceConflict, CannotServe."""
    model = await find_version(conn, sport, name, version)
    if model is None:
        raise UnknownVersion(f"there is no {sport} model {name} {version}")
    if model.status == "active":
        raise ServiceConflict(f"{name} {version} is in service already")
    if not answers_every_match(model.name, model.features):
        raise CannotServe(
            f"{name} {version} has no answer to a match without odds and cannot serve alone: promote a stack "
            "that it is a member of"
        )
    return model


async def version_before(
    conn: AsyncConnection, sport: str, name: str, version: int | None = None
) -> tuple[Version, ModelRow]:
    """The version of that name (and number, if given) that serves, and the one that served before.

    Raises ServiceConflict.
    """
    active = await active_model(conn, sport)
    if active is None:
        raise ServiceConflict(f"no {sport} model is in service: promote one")
    serving = Version(active.name, active.version)
    if active.name != name or version not in (None, active.version):
        asked = name if version is None else f"{Version(name, version)}"
        raise ServiceConflict(f"{asked} is not in service, {serving} is")
    before = served_before(await _changes(conn, sport), serving)
    found = before and await find_version(conn, sport, before.name, before.version)
    if not found:
        raise ServiceConflict(f"nothing is known to have served before {serving}: promote a version")
    return serving, found


async def promote(conn: AsyncConnection, model: ModelRow, asked: Asked) -> InService:
    """Puts the version in service, whatever the gate said of it. Raises as `version_to_promote`."""
    await lock_registry(conn, model.sport)
    was = await version_to_promote(conn, model.sport, model.name, model.version)
    return await _by_hand(conn, was, PROMOTED, asked)


async def roll_back(conn: AsyncConnection, away: Version, target: ModelRow, asked: Asked) -> InService:
    """Puts `target` back in the place of `away`. Raises ServiceConflict, also if others were faster."""
    await lock_registry(conn, target.sport)
    _, was = await version_before(conn, target.sport, away.name, away.version)
    if was.id != target.id:
        raise ServiceConflict("another model was put in service meanwhile: look, and ask again")
    return await _by_hand(conn, was, ROLLED_BACK, asked)


async def put_in_service(
    conn: AsyncConnection, model: ModelRow, *, action: str, actor: str, reason: str, says: str, **more: Any
) -> int:
    """Activates the version and writes it down, with what served before; gives the number of the change.

    `says` becomes the version's reason. Call lock_registry first.
    """
    before = await active_model(conn, model.sport)
    await activate(conn, model, says, retired=f"rolled back: {reason}" if action == ROLLED_BACK else "")
    details = {
        "name": model.name,
        "version": model.version,
        "reason": reason,
        "before": before and asdict(Version(before.name, before.version)),
        **more,
    }
    return await record(conn, actor=actor, action=action, subject=subject_of(model.sport), details=details)


def subject_of(sport: str) -> str:
    """Under which the audit log has the changes of what serves."""
    return f"model:{sport}"


async def _by_hand(conn: AsyncConnection, was: ModelRow, action: str, asked: Asked) -> InService:
    before = await active_model(conn, was.sport)
    change_id = await put_in_service(
        conn,
        was,
        action=action,
        actor=asked.actor,
        reason=asked.reason,
        says=f"{action.replace('_', ' ')} by {asked.actor}: {asked.reason}",
        status_before=was.status,
        reason_before=was.reason,
        unchecked=asked.unchecked,
    )
    now = await find_version(conn, was.sport, was.name, was.version)
    assert now is not None  # noqa: S101 - it has just been activated
    return InService(change_id, now, was, before)


async def _changes(conn: AsyncConnection, sport: str) -> list[Change]:
    rows = await list_changes(conn, subject_of(sport), limit=None)
    return [_change(row) for row in reversed(rows) if row.action in ACTIONS]


def _change(row: AuditRow) -> Change:
    before = row.details.get("before")
    return Change(row.action, _version(row.details), before and _version(before))


def _version(named: Mapping[str, Any]) -> Version:
    return Version(named["name"], named["version"])
