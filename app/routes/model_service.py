"""What serves: put a version in service by hand, roll back, see who changed it.

A change is one transaction of the request, not a job: it counts from its commit on, and works while no worker
does. The artifact is looked at before as far as this process sees it; workers check it whenever they load it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import APIRouter, Request, Response

from app.bodies import StrictRoute
from app.cursors import decode_cursor, encode_cursor
from app.model_schemas import (
    InServiceOut,
    PromotionIn,
    RollbackIn,
    ServiceChangeOut,
    ServiceChangePage,
)
from app.pages import Cursor, Limit, page_of, place_of
from app.problems import RETRY_SECONDS, Problem
from app.routes.models import ModelName
from app.state import Web, WebState
from app.submission import RequestedBy
from modeling.artifacts import ArtifactError, ArtifactsUnavailable, ArtifactUnusable
from modeling.parts import check_from_here
from modeling.promotion import (
    ACTIONS,
    PROMOTED,
    Asked,
    CannotServe,
    ServiceConflict,
    UnknownVersion,
    promote,
    roll_back,
    subject_of,
    version_before,
    version_to_promote,
)
from modeling.service_history import ROLLED_BACK
from sports.base import SportName
from store.audit import list_changes
from store.models import ModelRow

router = APIRouter(route_class=StrictRoute, tags=["models"])
# A caller that does not give its name.
NOBODY_NAMED = "unknown"


@router.post("/models/{name}/promote")
async def promote_version(
    name: ModelName,
    given: PromotionIn,
    web: Web,
    sport: SportName = "football",
    requested_by: RequestedBy = None,
) -> InServiceOut:
    """Puts a version in service at once, whatever the gate said of it. The one before is retired."""
    with _told():
        async with web.read() as conn:
            wanted = await version_to_promote(conn, sport, name, given.version)
        unchecked = await _checked(web, wanted)
        async with web.transaction() as conn:
            asked = Asked(requested_by or NOBODY_NAMED, given.reason, unchecked)
            done = await promote(conn, wanted, asked)
    return InServiceOut.of(PROMOTED, done, unchecked)


@router.post("/models/{name}/rollback")
async def roll_back_model(
    name: ModelName,
    given: RollbackIn,
    web: Web,
    sport: SportName = "football",
    requested_by: RequestedBy = None,
) -> InServiceOut:
    """Puts back, at once, what served before the model of this name, which must be in service.

    Rolled back again, it goes one further back; what is deployed or promoted then begins from there.
    """
    with _told():
        async with web.read() as conn:
            away, target = await version_before(conn, sport, name, given.version)
        unchecked = await _checked(web, target)
        async with web.transaction() as conn:
            asked = Asked(requested_by or NOBODY_NAMED, given.reason, unchecked)
            done = await roll_back(conn, away, target, asked)
    return InServiceOut.of(ROLLED_BACK, done, unchecked)


@router.get("/models/audit")
async def show_changes(
    web: Web,
    request: Request,
    response: Response,
    sport: SportName = "football",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> ServiceChangePage:
    """Every change of what serves, newest first: when, by whom, why, and what served before."""
    below = place_of(cursor, decode_cursor)
    async with web.read() as conn:
        found = await list_changes(conn, subject_of(sport), actions=ACTIONS, below=below, limit=limit + 1)
    page, next_cursor = page_of(found, limit, lambda change: encode_cursor(change.id), request, response)
    return ServiceChangePage(items=[ServiceChangeOut.of(row) for row in page], next_cursor=next_cursor)


async def _checked(web: WebState, model: ModelRow) -> str | None:
    """Why the artifact could not be looked at from here; None if it is there and right."""
    try:
        return await check_from_here(web.settings.artifact_location(), model.name, model.artifact_sha256)
    except ArtifactsUnavailable as error:
        raise Problem("artifacts-unavailable", f"{error}", headers={"Retry-After": RETRY_SECONDS}) from None
    except (ArtifactError, ArtifactUnusable) as error:
        raise CannotServe(
            f"{model.name} {model.version} cannot serve: {error}; put its artifact back from a backup, or "
            f"promote another version (GET /api/models/{model.name}/versions)"
        ) from None


@contextmanager
def _told() -> Iterator[None]:
    """Turns what the registry does not allow into an answer."""
    try:
        yield
    except UnknownVersion as error:
        raise Problem("model-not-found", f"{error}; GET /api/models lists them") from None
    except ServiceConflict as error:
        raise Problem("service-conflict", f"{error}") from None
    except CannotServe as error:
        raise Problem("cannot-serve", f"{error}") from None
