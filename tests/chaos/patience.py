"""Waiting for what must come, with a limit."""

import time
from collections.abc import Callable
from typing import TypeVar

LOOK_SECONDS = 0.01

T = TypeVar("T")


class TookTooLong(Exception):
    """What was promised did not come within its time."""


def until(what: str, seconds: float, look: Callable[[], T | None]) -> T:
    """What `look` gives once it gives something true. Raises TookTooLong."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TookTooLong(f"waited {seconds:g} s in vain until {what}")
        time.sleep(LOOK_SECONDS)
    return found


def pause(seconds: float) -> None:
    """Lets a fault last, or load flow: time itself is what is asked for here."""
    time.sleep(seconds)
