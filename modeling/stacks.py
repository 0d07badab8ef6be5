"""What stacks are made of, by name, and their artifacts: plain JSON that names the members' artifacts.

Light: the web process has to know what may serve alone, and of which artifacts it consists.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from modeling.artifacts import ArtifactUnusable

FORMAT = "matchday.ensemble/1"
ARTIFACT_FORMAT = "json"
# Features of this kind come from odds, and stand in a frame of their own.
MARKET_PREFIX = "market_"
# What each stack is made of, with the usual weights: on six leagues from 2014 to 2022 these were a little
# better than the best member. Two members add nothing to the others there; they get a weight where matches
# show that they do. The first member speaks alone for a match of which another one cannot.
STACKS: dict[str, dict[str, float]] = {
    "ensemble": {
        "dynamic_poisson": 0.35,
        "xgboost": 0.35,
        "random_forest": 0.3,
        "elo_logit": 0.0,
        "dixon_coles": 0.0,
    },
    "ensemble_market": {"ensemble": 0.0, "market_logit": 0.5, "xgboost_market": 0.5},
}


@dataclass(frozen=True)
class Member:
    """One model of a stack: its name, its artifact's key, its weight."""

    name: str
    artifact_sha256: str
    weight: float


def answers_every_match(name: str, features: Sequence[str]) -> bool:
    """Whether a model of this name and with these features needs no odds: only such a one may serve.

    A stack lets its first member speak where there are none; its features are the names of its members.
    """
    return name in STACKS or not any(feature.startswith(MARKET_PREFIX) for feature in features)


def written(members: list[Member]) -> bytes:
    """The artifact of a stack."""
    return json.dumps({"format": FORMAT, "members": [vars(member) for member in members]}).encode()


def read(name: str, artifact: bytes) -> list[Member]:
    """The members of the stack of that name. Raises ArtifactUnusable."""
    try:
        document = _Document.model_validate_json(artifact)
    except ValidationError as error:
        raise ArtifactUnusable(f"not a {FORMAT} document: {error.error_count()} faults") from None
    # Of what a stack may consist is fixed here: one that holds itself would never end.
    if [member.name for member in document.members] != list(STACKS[name]):
        raise ArtifactUnusable(f"not an artifact of {name}: its members are others")
    return [Member(**member.model_dump()) for member in document.members]


class _MemberDocument(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    name: str
    artifact_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    weight: Annotated[float, Field(ge=0, le=10)]


class _Document(BaseModel):
    """The artifact as it stands in the file."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["matchday.ensemble/1"]
    members: Annotated[list[_MemberDocument], Field(min_length=2, max_length=20)]
