"""JSON answers, element by element: one that is broken is one rejected row, and the others land."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
)

from providers.errors import AnswerUnusable
from providers.rows import LONGEST_NAME, MOST_GOALS, RejectedRow

LONGEST_RAW = 500
EARLIEST, LATEST = datetime(1850, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _printable(text: str) -> str:
    name = " ".join(text.split())
    if not name or not name.isprintable():
        raise ValueError("is not a name")
    return name


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


class Wire(BaseModel):
    """What a provider sends: fields that nobody reads are ignored, those that are read are checked."""

    model_config = ConfigDict(extra="ignore", frozen=True)


Name = Annotated[str, Field(max_length=LONGEST_NAME), AfterValidator(_printable)]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
Goals = Annotated[int, Field(ge=0, le=MOST_GOALS)]
Moment = Annotated[AwareDatetime, Field(ge=EARLIEST, le=LATEST), AfterValidator(_in_utc)]
# A list whose elements are checked one by one, by `elements`.
Many = list[object] | None
Element = TypeVar("Element", bound=Wire)


@dataclass(frozen=True)
class Place:
    """Where an element stands: the provider, what was asked for (never the key), the number in the list."""

    source: str
    file: str
    line: int = 0

    def at(self, line: int) -> "Place":
        return Place(self.source, self.file, line)

    def rejected(self, reason: str, element: object = None) -> RejectedRow:
        raw = {} if element is None else {"element": _shown(element)}
        return RejectedRow(self.source, self.file, self.line, _storable(reason), raw)


class ElementRefused(Exception):
    """Why an element that has the right shape is nothing that can be used."""


def elements(
    answer: object, model: type[Element], place: Place, rejected: list[RejectedRow]
) -> Iterator[tuple[Place, object, Element]]:
    """Each good element of a list with its place and as it came; the others are added to `rejected`.

    Raises AnswerUnusable if there is no list.
    """
    if not isinstance(answer, list):
        raise AnswerUnusable(place.source, f"{place.file}: there is no list where one was expected")
    for number, element in enumerate(answer, start=1):
        here = place.at(number)
        try:
            good = model.model_validate(element)
        except ValidationError as error:
            rejected.append(here.rejected(_reason(error), element))
        else:
            yield here, element, good


def _reason(error: ValidationError) -> str:
    first, *others = error.errors(include_url=False, include_context=False, include_input=False)
    where = ".".join(str(part) for part in first["loc"]) or "element"
    more = f", and {len(others)} more" if others else ""
    return f"{where}: {first['msg']}{more}"


def _shown(element: object) -> str:
    return _storable(json.dumps(element, default=_number, ensure_ascii=False, separators=(",", ":")))


def _number(value: object) -> str:
    return str(value) if isinstance(value, Decimal) else repr(value)


def _storable(text: str) -> str:
    """What a table can keep: short, no half of a surrogate pair, no NUL."""
    return text[:LONGEST_RAW].encode("utf-8", "replace").decode().replace("\x00", "\\x00")
