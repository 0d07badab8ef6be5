"""Where every request to a provider waits for its turn. The queue's global rate limit can stand behind it."""

from datetime import timedelta
from typing import Protocol


class Gate(Protocol):
    async def enter(self) -> None:
        """Awaited before every request: repeated ones, further pages and redirects too."""

    async def block(self, wait: timedelta) -> None:
        """The provider says that its quota is used up for so long."""


class OpenGate:
    """Lets everything through, for sources without a quota."""

    async def enter(self) -> None:
        return

    async def block(self, wait: timedelta) -> None:  # noqa: ARG002 - nobody else has to be told
        return


OPEN_GATE = OpenGate()
