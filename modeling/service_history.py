"""Which version a rollback puts back, told from the list of changes.

The versions that came into service lie on a pile: a deployment or a promotion lays one on top, a rollback
takes the top away. So each further rollback goes one further back, never to what was just rolled back, and
what is deployed afterwards lies on what serves then.
"""

from collections.abc import Iterable
from dataclasses import dataclass

ROLLED_BACK = "rolled_back"
PUT_IN_SERVICE = frozenset({"deployed", "forced", "promoted"})


@dataclass(frozen=True)
class Version:
    """One version of a model of the sport."""

    name: str
    version: int

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class Change:
    """One change of what serves: what came, and what served before as far as it was written down."""

    action: str
    came: Version
    before: Version | None


def served_before(changes: Iterable[Change], in_service: Version) -> Version | None:
    """What a rollback of the version in service returns to; None where nothing is left.

    `changes` are in the order in which they happened. Where one is missing, because a release that wrote none
    made it, the version that `before` names, or that serves now, is taken as laid on top.
    """
    pile: list[Version] = []
    for change in changes:
        if change.before is not None:
            _lay(pile, change.before)
        if change.action == ROLLED_BACK and pile:
            pile.pop()
        _lay(pile, change.came)
    _lay(pile, in_service)
    return pile[-2] if len(pile) > 1 else None


def _lay(pile: list[Version], version: Version) -> None:
    if not pile or pile[-1] != version:
        pile.append(version)
