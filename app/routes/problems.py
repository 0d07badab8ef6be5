"""The pages that the `type` of a problem points at."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from app.bodies import StrictRoute
from app.problems import KINDS, Problem

router = APIRouter(route_class=StrictRoute, include_in_schema=False)


class ProblemKind(BaseModel):
    type: str
    status: int
    title: str
    description: str


@router.get("/problems/{slug}")
async def show_problem_kind(slug: Annotated[str, Path(max_length=64)]) -> ProblemKind:
    kind = KINDS.get(slug)
    if kind is None:
        raise Problem("not-found", f"There is no such problem; there are: {', '.join(KINDS)}")
    return ProblemKind(type=f"/problems/{slug}", **vars(kind))
