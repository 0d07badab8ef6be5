"""Every error as HTTP, chosen here and nowhere else: RFC 9457 problem details that leak nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from app.methods import allowed_methods
from app.strict_json import Fault
from app.validation import request_faults
from jobs.batches import SameWork
from jobs.service import AlreadyActive, JobNotFound, WrongStatus
from store.database import DatabaseUnavailable

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = "2"
# Time-out, no lock in time, serialization failure, deadlock: the same request may succeed later.
TRANSIENT_SQLSTATES = {"57014", "55P03", "40001", "40P01"}
DISK_FULL = "53100"
FULL_RETRY_SECONDS = "30"
TEXT = {"type": "string"}
POINTED = {"type": "object", "properties": {"pointer": TEXT, "message": TEXT}}
SCHEMA = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("type", "title", "detail", "request_id"), TEXT),
        "status": {"type": "integer"},
        "errors": {"type": "array", "items": POINTED},
    },
    "required": ["type", "title", "status", "detail", "request_id"],
}
# For the API's schema: instead of the framework's own description of a 422.
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": description, "content": {MEDIA_TYPE: {"schema": SCHEMA}}}
    for status, description in (("4XX", "The request was refused"), ("5XX", "The request failed"))
}
log = structlog.get_logger()


@dataclass(frozen=True)
class Kind:
    """One type of problem; its page is served at /problems/{slug}."""

    status: int
    title: str
    description: str


KINDS = {
    "malformed-request": Kind(
        400, "The request cannot be read", "The body or the request line is not well formed."
    ),
    "not-found": Kind(404, "Nothing is here", "No resource has this path."),
    "job-not-found": Kind(404, "No such job", "The job does not exist, or was deleted after it finished."),
    "bet-not-found": Kind(404, "No such bet", "GET /api/bets lists the bets."),
    "bankroll-not-found": Kind(404, "No such bankroll", "It is opened when the first bet is placed from it."),
    "queue-not-found": Kind(404, "No such queue", "GET /api/queues lists the queues."),
    "schedule-not-found": Kind(404, "No such schedule", "GET /api/schedules lists the schedules."),
    "alias-not-found": Kind(404, "No such alias", "GET /api/v1/teams/aliases lists them."),
    "match-not-found": Kind(404, "No such match", "No match has this number."),
    "prediction-not-found": Kind(
        404, "Not predicted", "The match is known, and no job has predicted it so far."
    ),
    "model-not-found": Kind(404, "No such model version", "GET /api/models lists the versions."),
    "method-not-allowed": Kind(405, "Method not allowed", "The header Allow names the methods of this path."),
    "body-too-slow": Kind(408, "The body came too slowly", "The detail says how long a body may take."),
    "already-active": Kind(
        409,
        "The same work is already queued or running",
        "The header Location and job_id name the active job.",
    ),
    "key-in-use": Kind(
        409,
        "A request with this Idempotency-Key is under way",
        "Try again after the seconds in the header Retry-After, and get the answer of the first request.",
    ),
    "schedule-exists": Kind(409, "The name is taken", "Change the schedule of this name, or take another."),
    "schedule-cannot-run": Kind(
        409, "The schedule cannot run", "Its job type is gone, or no longer takes its params. Change it."
    ),
    "service-conflict": Kind(
        409, "What serves does not allow this", "The detail says which version serves, or that none does."
    ),
    "cannot-serve": Kind(
        409, "The version cannot serve", "The detail says what it lacks. Promote another version."
    ),
    "wrong-status": Kind(409, "The job's status does not allow this", "The detail says which statuses do."),
    "body-too-large": Kind(413, "The body is too large", "The detail says how many bytes are accepted."),
    "unsupported-media-type": Kind(415, "Unsupported media type", "Bodies are application/json in UTF-8."),
    "invalid-request": Kind(
        422, "The request is not valid", "Each error points at a value and says what is allowed there."
    ),
    "key-reused": Kind(
        422,
        "The Idempotency-Key was given with another request",
        "A key stands for one method, path and body, for 24 hours. Make a new key for a new request.",
    ),
    "internal-error": Kind(500, "Internal error", "The log holds the cause under the request id."),
    "artifacts-unavailable": Kind(
        503, "The artifacts cannot be read", "Try again after the seconds in the header Retry-After."
    ),
    "database-unavailable": Kind(
        503, "The database is not available", "Try again after the seconds in the header Retry-After."
    ),
    "too-many-batches": Kind(
        503, "Too many batches at once", "Try again after the seconds in the header Retry-After."
    ),
    "too-many-streams": Kind(503, "Too many event streams", "Poll the job instead, or try again later."),
    "storage-full": Kind(
        507,
        "The database has no room left",
        "Nothing of the request is stored. Try again after the seconds in the header Retry-After.",
    ),
    "not-ready": Kind(503, "Not ready", "The process runs, but must not be sent requests yet."),
}
SLUG_OF_STATUS = {
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
    415: "unsupported-media-type",
}


class Problem(HTTPException):
    """An answer of one of KINDS; `members` are added to it."""

    def __init__(
        self,
        slug: str,
        detail: str,
        *,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(KINDS[slug].status, detail, headers)
        self.slug = slug
        self.errors = errors
        self.members = members


def install_problems(app: FastAPI) -> None:
    """Makes every error of the app, and those of the framework, a problem."""
    app.add_exception_handler(HTTPException, _answer)
    for error in (
        RequestValidationError,
        AlreadyActive,
        JobNotFound,
        SameWork,
        WrongStatus,
        DatabaseUnavailable,
        DBAPIError,
    ):
        app.add_exception_handler(error, _answer)
    app.add_exception_handler(Exception, _answer_unexpected)


def invalid(faults: Sequence[Fault]) -> Problem:
    """422 for what the faults point at."""
    detail = faults[0].message if len(faults) == 1 else f"{len(faults)} values are not valid"
    return Problem("invalid-request", detail, errors=faults)


def problem_response(request: Request, problem: Problem) -> Response:
    kind = KINDS[problem.slug]
    content = {
        "type": f"/problems/{problem.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": problem.detail,
        "request_id": request_id_of(request),
        **problem.members,
    }
    if problem.errors:
        content["errors"] = [asdict(fault) for fault in problem.errors]
    return JSONResponse(content, kind.status, problem.headers, media_type=MEDIA_TYPE)


def request_id_of(request: Request) -> str:
    found: str = getattr(request.state, "request_id", "")
    return found


async def _answer(request: Request, error: Exception) -> Response:
    problem = _as_problem(request, error)
    if problem is None:
        raise error
    if problem.slug == "database-unavailable":
        log.warning("database_unavailable", error=type(error.__cause__ or error).__name__)
    return problem_response(request, problem)


async def _answer_unexpected(request: Request, error: Exception) -> Response:
    """The server logs the traceback with the request id; the client gets the id alone."""
    if _is_lost_connection(error):
        problem = _unavailable()
    else:
        problem = Problem("internal-error", "The request failed. Quote the request id when you report it.")
    response = problem_response(request, problem)
    # This answer is made outside of the middleware that adds the header to all others.
    response.headers["X-Request-ID"] = request_id_of(request)
    return response


def _as_problem(request: Request, error: Exception) -> Problem | None:
    match error:
        case Problem():
            return error
        case HTTPException():
            return _of_framework(request, error)
        case RequestValidationError():
            return invalid(request_faults(error, request))
        case DatabaseUnavailable():
            return _unavailable()
        case DBAPIError() if getattr(error.orig, "sqlstate", None) in TRANSIENT_SQLSTATES:
            return _unavailable()
        case DBAPIError() if getattr(error.orig, "sqlstate", None) == DISK_FULL:
            detail, wait = "The database's disk is full", {"Retry-After": FULL_RETRY_SECONDS}
            return Problem("storage-full", detail, headers=wait)
    return _of_service(error)


def _of_service(error: Exception) -> Problem | None:
    match error:
        case AlreadyActive(job_id=job_id):
            location = {"Location": f"/api/jobs/{job_id}"}
            return Problem("already-active", f"{error}", headers=location, job_id=job_id)
        case SameWork(unit=unit, index=index, job_id=job_id):
            location = {"Location": f"/api/jobs/{job_id}"} if job_id else {}
            fault = Fault(f"/{unit}s/{index}", f"{error}")
            return Problem(
                "already-active", f"{error}", errors=[fault], headers=location, job_id=job_id, index=index
            )
        case JobNotFound():
            return Problem("job-not-found", f"{error}")
        case WrongStatus(status=status):
            return Problem("wrong-status", f"{error}", job_status=status)
    return None


def _of_framework(request: Request, error: HTTPException) -> Problem:
    if error.status_code == 405:
        methods = ", ".join(allowed_methods(request.app, request.scope))
        return Problem(
            "method-not-allowed",
            f"{request.method} is not allowed here; allowed: {methods}",
            headers={"Allow": methods},
        )
    if error.status_code == 404:
        return Problem("not-found", "There is nothing at this path; /docs lists the endpoints")
    fallback = "malformed-request" if error.status_code < 500 else "internal-error"
    return Problem(SLUG_OF_STATUS.get(error.status_code, fallback), str(error.detail), headers=error.headers)


def _unavailable() -> Problem:
    return Problem(
        "database-unavailable",
        "The database cannot be reached, or is too busy",
        headers={"Retry-After": RETRY_SECONDS},
    )


def _is_lost_connection(error: BaseException | None) -> bool:
    """Whether a library between us and the driver has wrapped a lost connection."""
    while error is not None:
        if isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)):
            return True
        error = error.__cause__
    return False
