"""One display name for each club, however its sources spell it."""

import unicodedata

from sports.football.clubs import CLUBS


def team_name(raw: str) -> str:
    """The club's display name; a name that is not known comes back tidied (NFC, single spaces).

    Case, accents and punctuation do not matter for finding a club. team_name(team_name(x)) is team_name(x).
    """
    tidy = tidied(raw)
    return _NAMES.get(team_key(tidy), tidy)


def is_known_club(raw: str) -> bool:
    """Whether `clubs` has the name, as a display name or as another spelling."""
    return team_key(raw) in _NAMES


def tidied(raw: str) -> str:
    return " ".join(unicodedata.normalize("NFC", raw).split())


def team_key(name: str) -> str:
    """The name without case, accents and punctuation."""
    bare = (char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    words = "".join(char if char.isalnum() else " " for char in "".join(bare).casefold())
    return " ".join(words.split())


_NAMES = {team_key(spelling): club for club, aliases in CLUBS.items() for spelling in (club, *aliases)}
