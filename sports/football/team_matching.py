"""Which of our teams a provider means by a name: found exactly, never guessed; people get suggestions."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from sports.football.teams import is_known_club, team_key, team_name, tidied

# "Football Club" before or behind a name tells no two clubs apart; AFC does before it (AFC Wimbledon).
BEFORE, BEHIND = ("fc", "cf"), ("fc", "cf", "afc")
SUGGESTIONS = 3
LEAST_SCORE = 50.0


@dataclass(frozen=True)
class Suggestion:
    """A team that may be meant; `score` is up to 100, for the same letters."""

    team: str
    score: float


class TeamMatcher:
    """The names of the teams of one country, and what a person has confirmed that a provider calls them."""

    def __init__(self, known: Iterable[str], aliases: Mapping[str, str]) -> None:
        self._known = frozenset(known)
        self._aliases = {tidied(alias): team for alias, team in aliases.items()}
        self._by_key = _grouped(self._known, team_key)
        self._by_bare_key = _grouped(self._known, _bare_key)

    def find(self, raw: str) -> str | None:
        """The team's name as it is stored; None where no single team has that name."""
        tidy = tidied(raw)
        if confirmed := self._aliases.get(tidy):
            return confirmed
        name = team_name(tidy)
        if name in self._known or is_known_club(tidy):
            return name
        return _only(self._by_key.get(team_key(name))) or _only(self._by_bare_key.get(_bare_key(name)))

    def suggest(self, raw: str) -> list[Suggestion]:
        """The most similar names, best first."""
        keys = {name: team_key(name) for name in sorted(self._known)}
        found = process.extract(
            team_key(raw), keys, scorer=fuzz.WRatio, limit=SUGGESTIONS, score_cutoff=LEAST_SCORE
        )
        return [Suggestion(name, round(score, 1)) for _, score, name in found]


def _grouped(names: Iterable[str], key_of: Callable[[str], str]) -> dict[str, set[str]]:
    groups: dict[str, set[str]] = {}
    for name in names:
        groups.setdefault(key_of(name), set()).add(name)
    return groups


def _bare_key(name: str) -> str:
    words = team_key(name).split()
    if len(words) > 1 and words[0] in BEFORE:
        return " ".join(words[1:])
    if len(words) > 1 and words[-1] in BEHIND:
        return " ".join(words[:-1])
    return " ".join(words)


def _only(names: set[str] | None) -> str | None:
    return next(iter(names)) if names is not None and len(names) == 1 else None
