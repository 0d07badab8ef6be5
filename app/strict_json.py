"""JSON as PostgreSQL and other programs can keep it: finite numbers, 64-bit integers, whole characters.

Python's own parser takes NaN, numbers that become infinite, lone surrogates and repeated names; a jsonb
column and most clients do not.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 32
MAX_FAULTS = 20
INT64_DIGITS = 19
INT64 = range(-(2**63), 2**63)


class NotJson(Exception):
    """The bytes are no JSON at all."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with one value; `pointer` is its JSON pointer (RFC 6901)."""

    pointer: str
    message: str


class FaultyJson(Exception):
    """The JSON is well formed, but holds values that cannot be kept."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{fault.pointer}: {fault.message}" for fault in faults))
        self.faults = faults


@dataclass(frozen=True)
class _Refused:
    """Stands in the parsed value where a token was refused, so that its pointer can be told."""

    message: str


def parse(body: bytes) -> Any:
    """The value of a JSON text; raises NotJson or FaultyJson."""
    try:
        value = json.loads(
            body.decode("utf-8"),
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_constant,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError as error:
        raise NotJson(f"the body is not UTF-8 (byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise NotJson(
            f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except RecursionError:
        raise FaultyJson([_too_deep("")]) from None
    faults = [fault for fault, _ in zip(_faults(value, "", 1), range(MAX_FAULTS), strict=False)]
    if faults:
        raise FaultyJson(faults)
    return value


def pointer_to(parent: str, name: str | int) -> str:
    """The pointer of a member: `~` and `/` escaped, shortened, and safe to send whatever the name holds."""
    token = str(name)[:100].replace("~", "~0").replace("/", "~1")
    return f"{parent}/{token.encode('utf-8', 'replace').decode()}"


def _integer(text: str) -> int | _Refused:
    if len(text.lstrip("-")) > INT64_DIGITS or int(text) not in INT64:
        return _Refused("integers must lie between -2^63 and 2^63-1")
    return int(text)


def _number(text: str) -> float | _Refused:
    number = float(text)
    return number if math.isfinite(number) else _Refused("numbers must be finite (up to about 1.8e308)")


def _constant(name: str) -> _Refused:
    return _Refused(f"{name} is not JSON: numbers must be finite")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            members[name] = _Refused("this name stands twice in its object; give it once")
        seen.add(name)
    return members


def _faults(value: Any, pointer: str, depth: int) -> Iterator[Fault]:
    if isinstance(value, _Refused):
        yield Fault(pointer, value.message)
    elif isinstance(value, str):
        yield from _text_faults(value, pointer, "the text")
    elif isinstance(value, (dict, list)):
        if depth > MAX_DEPTH:
            yield _too_deep(pointer)
            return
        yield from _member_faults(value, pointer, depth)


def _member_faults(value: dict[str, Any] | list[Any], pointer: str, depth: int) -> Iterator[Fault]:
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for name, member in members:
        here = pointer_to(pointer, name)
        if isinstance(name, str):
            yield from _text_faults(name, here, "the name")
        yield from _faults(member, here, depth + 1)


def _text_faults(text: str, pointer: str, what: str) -> Iterator[Fault]:
    if "\0" in text:
        yield Fault(pointer, f"{what} must not hold the character U+0000")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        yield Fault(pointer, f"{what} must not hold half of a surrogate pair (U+D800 to U+DFFF)")


def _too_deep(pointer: str) -> Fault:
    # A pointer into the depths would repeat them: its beginning is enough.
    return Fault("/".join(pointer.split("/")[:4]), f"values may be nested at most {MAX_DEPTH} deep")
