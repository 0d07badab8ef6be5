"""Names of teams: those that wait for a person, and what people confirmed."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.bodies import StrictRoute
from app.cursors import decode_cursor, encode_cursor
from app.pages import Cursor, page_of, place_of
from app.problems import Problem, invalid
from app.row_ids import RowId
from app.state import Web
from app.strict_json import Fault
from app.submission import RequestedBy
from app.team_schemas import AliasIn, AliasOut, AliasPage, SourceName, UnmatchedOut, UnmatchedPage
from sports.football.leagues import country_of, leagues_of
from store.match_lookup import teams_of
from store.teams import (
    UnmatchedRow,
    confirm_alias,
    delete_alias,
    forget_unmatched,
    list_aliases,
    list_unmatched,
)

UNNAMED = "api"

router = APIRouter(route_class=StrictRoute, tags=["teams"])
Limit = Annotated[int, Query(ge=1, le=200)]


@router.get("/v1/teams/unmatched")
async def find_unmatched(
    web: Web,
    request: Request,
    response: Response,
    source: SourceName | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> UnmatchedPage:
    """Names that match no team for certain, the one reported first first, with the most similar teams."""
    after = place_of(cursor, decode_cursor) or 0
    async with web.read() as conn:
        found = await list_unmatched(conn, source=source, after=after, limit=limit + 1)
    page, next_cursor = page_of(found, limit, lambda row: encode_cursor(row.id), request, response)
    return UnmatchedPage(items=[_shown(row) for row in page], next_cursor=next_cursor)


@router.get("/v1/teams/aliases")
async def find_aliases(
    web: Web, request: Request, response: Response, limit: Limit = 50, cursor: Cursor = None
) -> AliasPage:
    """What people confirmed: by which names providers mean which teams."""
    after = place_of(cursor, decode_cursor) or 0
    async with web.read() as conn:
        found = await list_aliases(conn, after=after, limit=limit + 1)
    page, next_cursor = page_of(found, limit, lambda row: encode_cursor(row.id), request, response)
    return AliasPage(items=[AliasOut.model_validate(row) for row in page], next_cursor=next_cursor)


@router.post("/v1/teams/aliases", status_code=201)
async def add_alias(new: AliasIn, web: Web, requested_by: RequestedBy = None) -> AliasOut:
    """Confirms which team a provider means by a name, in all leagues of the country.

    The rows that were held back come in with the next ingest. Confirmed again with another team, the name is
    that team's from then on; what was stored before stays where it is. Each change is in the audit log.
    """
    country = country_of(new.league)
    leagues = leagues_of(country)
    async with web.transaction() as conn:
        known = (await teams_of(conn, leagues)).values()
        if not new.is_new and not any(new.team in teams for teams in known):
            told = f"no match of this team is stored for {country}; with is_new it is taken as it is"
            raise invalid([Fault("/team", told)])
        alias = await confirm_alias(
            conn,
            source=new.source,
            country=country,
            alias=new.alias,
            team=new.team,
            confirmed_by=requested_by or UNNAMED,
        )
        await forget_unmatched(conn, new.source, leagues, [new.alias])
    return AliasOut.model_validate(alias)


@router.delete("/v1/teams/aliases/{alias_id}", status_code=204)
async def remove_alias(alias_id: RowId, web: Web, requested_by: RequestedBy = None) -> None:
    """Forgets what was confirmed, which the audit log keeps; what was stored under it stays."""
    async with web.transaction() as conn:
        if not await delete_alias(conn, alias_id, deleted_by=requested_by or UNNAMED):
            told = f"there is no alias {alias_id}; GET /api/v1/teams/aliases lists them"
            raise Problem("alias-not-found", told)


def _shown(row: UnmatchedRow) -> UnmatchedOut:
    return UnmatchedOut.model_validate({**asdict(row), "league": row.league_code})
