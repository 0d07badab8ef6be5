"""A gate that remembers who came through."""

from dataclasses import dataclass, field
from datetime import timedelta


@dataclass
class CountingGate:
    entered: int = 0
    blocked: list[timedelta] = field(default_factory=list)

    async def enter(self) -> None:
        self.entered += 1

    async def block(self, wait: timedelta) -> None:
        self.blocked.append(wait)
