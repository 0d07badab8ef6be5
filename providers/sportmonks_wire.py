"""What SportMonks sends of a fixture, and what its numbers and words mean."""

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat

from providers.rows import MatchStatus, Position
from providers.wire import EARLIEST, LATEST, Goals, Many, Name, Wire

SOURCE = "sportmonks"
# The league ids of its European plan, and our codes.
LEAGUES = {
    8: "E0",
    9: "E1",
    501: "SC0",
    82: "D1",
    384: "I1",
    387: "I2",
    564: "SP1",
    567: "SP2",
    301: "F1",
    72: "N1",
    208: "B1",
    462: "P1",
    600: "T1",
}
# docs.sportmonks.com/football/definitions/states; suspended and interrupted ones go on later.
STATUSES = {
    **dict.fromkeys(("NS", "TBA", "DELAYED"), MatchStatus.SCHEDULED),
    **dict.fromkeys(("INPLAY_1ST_HALF", "HT", "INPLAY_2ND_HALF", "BREAK"), MatchStatus.IN_PLAY),
    **dict.fromkeys(("INPLAY_ET", "EXTRA_TIME_BREAK", "INPLAY_ET_SECOND_HALF"), MatchStatus.IN_PLAY),
    **dict.fromkeys(("INPLAY_ET_2ND_HALF", "PEN_BREAK", "INPLAY_PENALTIES"), MatchStatus.IN_PLAY),
    **dict.fromkeys(("SUSPENDED", "INTERRUPTED", "AWAITING_UPDATES", "PENDING"), MatchStatus.IN_PLAY),
    **dict.fromkeys(("FT", "AET", "FT_PEN"), MatchStatus.PLAYED),
    **dict.fromkeys(("CANCELLED", "DELETED"), MatchStatus.CANCELLED),
    **dict.fromkeys(("WO", "AWARDED"), MatchStatus.AWARDED),
    "POSTPONED": MatchStatus.POSTPONED,
    "ABANDONED": MatchStatus.ABANDONED,
}
STARTER, BENCH = 11, 12
SECONDS = int(EARLIEST.timestamp()), int(LATEST.timestamp())
POSITIONS = {
    24: Position.GOALKEEPER,
    25: Position.DEFENDER,
    26: Position.MIDFIELDER,
    27: Position.ATTACKER,
}
# docs.sportmonks.com/football/definitions/types/statistics
TEAM_TYPES = {
    34: "corners",
    41: "shots_off_target",
    42: "shots",
    44: "dangerous_attacks",
    45: "possession",
    49: "shots_inside_box",
    51: "offsides",
    56: "fouls",
    57: "saves",
    83: "red_cards",
    84: "yellow_cards",
    86: "shots_on_target",
}
PLAYER_TYPES = {
    42: "shots",
    52: "goals",
    79: "assists",
    83: "red_cards",
    84: "yellow_cards",
    86: "shots_on_target",
    118: "rating",
    119: "minutes",
}


class _Meta(Wire):
    location: Literal["home", "away"]


class _Participant(Wire):
    id: int
    name: Name
    meta: _Meta


class _ScoreOf(Wire):
    goals: Goals
    participant: Literal["home", "away"]


class _Score(Wire):
    description: str
    score: _ScoreOf


class _State(Wire):
    developer_name: str


class Fixture(Wire):
    id: int
    league_id: int
    starting_at: str | None = None
    starting_at_timestamp: Annotated[int, Field(ge=SECONDS[0], le=SECONDS[1])] | None = None
    placeholder: bool | None = None
    state: _State
    participants: list[_Participant]
    scores: list[_Score] | None = None
    lineups: Many = None
    statistics: Many = None


class _Value(Wire):
    value: FiniteFloat


class _Detail(Wire):
    type_id: int
    data: _Value


class Lineup(Wire):
    player_id: int
    team_id: int
    type_id: Literal[11, 12]
    player_name: Name
    position_id: int | None = None
    jersey_number: Annotated[int, Field(ge=0, le=999)] | None = None
    details: list[_Detail] | None = None

    @property
    def figures(self) -> dict[str, float]:
        return {
            PLAYER_TYPES[each.type_id]: each.data.value
            for each in self.details or []
            if each.type_id in PLAYER_TYPES
        }


class Statistic(Wire):
    type_id: int
    participant_id: int
    data: _Value
