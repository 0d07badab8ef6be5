"""Jobs as bodies name them: each fault of each job is told with its place."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.moments import Moment
from app.problems import Problem, invalid
from app.strict_json import Fault, pointer_to
from app.submission import checked_params, handler_of
from app.validation import body_faults
from jobs.batches import BatchJob
from jobs.handler import HANDLERS

MAX_FAULTS = 100
M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


class NewJob(BaseModel):
    """What `POST /api/jobs` takes; `GET /api/jobs/types` has the parameters of each type."""

    model_config = ConfigDict(extra="forbid", strict=True)

    type: str
    params: dict[str, Any] = Field(default_factory=dict)
    run_after: Moment | None = Field(None, description="Not before this time")
    priority: int = Field(0, ge=-100, le=100, description="Higher runs first")


def checked(model: type[M], given: Any, parent: str = "") -> M:
    """Raises a problem that points at every fault."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise invalid(body_faults(details, given, model=model, parent=parent)) from None


def checked_job(model: type[NewJob], given: Any, pointer: str) -> BatchJob:
    """The job of a model that may have more to it. Raises a problem that points at every fault."""
    try:
        new = checked(model, given, pointer)
    except Problem as problem:
        raise invalid([*problem.errors, *_params_faults(given, pointer)]) from None
    handler = handler_of(new.type, f"{pointer}/type")
    params = checked_params(handler, new.params, parent=f"{pointer}/params")
    return BatchJob(handler, params, new.run_after, new.priority)


def each_checked(
    given: Sequence[Any], parent: str, check: Callable[[Any, str], T]
) -> tuple[list[T], list[Fault]]:
    """What the check makes of each value and its pointer, and the faults; it stops at very many faults."""
    good: list[T] = []
    faults: list[Fault] = []
    for index, one in enumerate(given):
        try:
            good.append(check(one, pointer_to(parent, index)))
        except Problem as problem:
            faults += problem.errors
        if len(faults) >= MAX_FAULTS:
            break
    return good, faults


def _params_faults(given: Any, pointer: str) -> list[Fault]:
    """What is wrong with the parameters of a job that is wrong elsewhere too."""
    job_type, params = (given.get("type"), given.get("params")) if isinstance(given, dict) else (None, None)
    if not isinstance(job_type, str) or not isinstance(params, dict) or job_type not in HANDLERS:
        return []
    try:
        checked_params(HANDLERS[job_type], params, parent=f"{pointer}/params")
    except Problem as problem:
        return list(problem.errors)
    return []
