"""What the API answers about names of teams."""

from cli.answers import Answer


class Suggestion(Answer):
    team: str
    score: float


class Unmatched(Answer):
    source: str
    league: str
    name: str
    times_seen: int
    suggestions: list[Suggestion]


class UnmatchedPage(Answer):
    items: list[Unmatched]
    next_cursor: str | None


class Alias(Answer):
    id: int
    source: str
    country: str
    alias: str
    team: str
    confirmed_by: str


class AliasPage(Answer):
    items: list[Alias]
    next_cursor: str | None
