"""What pydantic found wrong, as pointers into the request and what is allowed there."""

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from pydantic_core import ErrorDetails

from app.strict_json import MAX_FAULTS, Fault, pointer_to

MEMBER_ERRORS = {"missing", "extra_forbidden"}


def body_faults(
    errors: Iterable[ErrorDetails], given: object, *, model: type[BaseModel] | None, parent: str = ""
) -> list[Fault]:
    """One fault for each wrong value of a body; a union's alternatives are told together."""
    messages: dict[str, list[str]] = {}
    for error in errors:
        pointer = _pointer(error, given, parent)
        messages.setdefault(pointer, []).append(_message(error, model))
    faults = [Fault(pointer, " or ".join(dict.fromkeys(told))) for pointer, told in messages.items()]
    return faults[:MAX_FAULTS]


def request_faults(error: RequestValidationError, request: Request) -> list[Fault]:
    """The faults of a body, of `?query` values, of `{path}` values and of headers."""
    faults: list[Fault] = []
    in_body: list[ErrorDetails] = []
    for found in error.errors():
        place, *loc = found["loc"]
        if place == "body":
            in_body.append(ErrorDetails(type=found["type"], loc=tuple(loc), msg=found["msg"], input=None))
        else:
            faults.append(Fault(_parameter(place, loc), _message(found, None)))
    return (faults + body_faults(in_body, error.body, model=_body_model(request)))[:MAX_FAULTS]


def _pointer(error: ErrorDetails, given: object, parent: str) -> str:
    pointer = parent
    for part in error["loc"]:
        is_member, member = _member(given, part)
        if not is_member and error["type"] not in MEMBER_ERRORS:
            break  # the name of a union's alternative, not of a member
        pointer, given = pointer_to(pointer, part), member
    return pointer


def _member(given: object, part: str | int) -> tuple[bool, object]:
    if isinstance(given, Mapping) and part in given:
        return True, given[part]
    if isinstance(given, (list, tuple)) and isinstance(part, int) and part < len(given):
        return True, given[part]
    return False, None


def _parameter(place: str | int, loc: list[str | int]) -> str:
    name = str(loc[0]) if loc else ""
    return {"query": f"?{name}", "path": f"{{{name}}}"}.get(str(place), name)


def _message(error: ErrorDetails, model: type[BaseModel] | None) -> str:
    if error["type"] == "missing":
        return "this value is required"
    if error["type"] == "extra_forbidden":
        if model is None or len(error["loc"]) != 1:
            return "there is no such value"
        return f"there is no such value; allowed: {', '.join(model.model_fields) or 'none'}"
    return error["msg"].removeprefix("Value error, ")


def _body_model(request: Request) -> type[BaseModel] | None:
    field = getattr(request.scope.get("route"), "body_field", None)
    annotation: Any = field.field_info.annotation if field else None
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return annotation if is_model else None
