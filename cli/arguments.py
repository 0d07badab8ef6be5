"""Job parameters and times as they are typed, turned into what the API takes."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn

from cli.failures import WrongUsage

MONEY = re.compile(r"\d{1,10}(\.\d{1,2})?", re.ASCII)
PERIOD = re.compile(r"(\d{1,6})([smhd])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
EXAMPLE = "2026-05-01T12:00:00Z"


def job_params(pairs: Sequence[str], whole: str | None) -> dict[str, Any]:
    """The parameters of --params with those of each --param on top."""
    params = {} if whole is None else _object(whole)
    given: set[str] = set()
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise WrongUsage(f"--param {pair!r}: write it as name=value")
        if name in given:
            raise WrongUsage(f"--param {name} is given twice")
        given.add(name)
        params[name] = _value(value)
    return params


def moment(option: str, text: str | None, *, now: datetime, ago: bool) -> str | None:
    """An ISO 8601 time with an offset; a period such as 30m or 2d counts from now, back if `ago`."""
    if text is None:
        return None
    if period := PERIOD.fullmatch(text):
        span = timedelta(**{UNITS[period[2]]: int(period[1])})
        return _shifted(option, text, now, -span if ago else span)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise WrongUsage(f"{option} {text!r}: write a time such as {EXAMPLE}, or a period: 30m") from None
    if time.tzinfo is None:
        raise WrongUsage(f"{option} {text!r}: add the offset from UTC, as in {EXAMPLE}")
    return time.isoformat()


def money(option: str, text: str) -> Decimal:
    """An amount above 0, in whole cents."""
    if not MONEY.fullmatch(text) or not Decimal(text):
        raise WrongUsage(f"{option} {text!r}: write an amount above 0 such as 1000 or 99.50")
    return Decimal(text)


def _shifted(option: str, text: str, now: datetime, span: timedelta) -> str:
    try:
        return (now.astimezone(UTC) + span).isoformat()
    except OverflowError:
        raise WrongUsage(f"{option} {text!r}: there is no such time") from None


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise WrongUsage(f"--params is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise WrongUsage("--params must be a JSON object, as in '{\"horizon_days\": 14}'")
    return found


def _value(text: str) -> Any:
    """JSON where it is JSON (14, false, ["D1"]), else the text itself (last_season)."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return text


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
