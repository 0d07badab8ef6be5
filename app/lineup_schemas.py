"""Team sheets and what players did, as the API shows them."""

from pydantic import Field

from app.moments import UtcTime
from app.schemas import Out


class PlayerOut(Out):
    """Somebody on a team sheet; `external_id` is the provider's."""

    external_id: str
    name: str
    is_starter: bool
    position: str | None
    number: int | None


class LineupOut(Out):
    """The latest team sheet of one side."""

    side: str
    team: str
    source: str
    known_at: UtcTime
    changes: int = Field(description="How often it changed after it was known first")
    players: list[PlayerOut]


class PlayerStatsOut(Out):
    """What one player did; null is what the provider does not tell."""

    player: str
    side: str
    team: str
    source: str
    minutes: int | None
    goals: int | None
    assists: int | None
    shots: int | None
    shots_on_target: int | None
    yellow_cards: int | None
    red_cards: int | None
    rating: float | None
    known_at: UtcTime


class LineupsOut(Out):
    match_id: int
    lineups: list[LineupOut]
    player_stats: list[PlayerStatsOut]
