"""What the API answers of models, as far as the command shows it."""

from datetime import datetime
from typing import Any

from cli.answers import Answer


class ModelName(Answer):
    name: str
    version: int

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Model(ModelName):
    status: str
    reason: str | None
    metrics: dict[str, float]
    training_matches: int
    validation_matches: int
    as_of: datetime


class Models(Answer):
    items: list[Model]


class ListedVersion(Model):
    importance: dict[str, float]


class Versions(Answer):
    items: list[ListedVersion]
    next_cursor: str | None


class Check(Answer):
    name: str
    passed: bool
    says: str


class Training(Answer):
    id: int
    job_id: int
    as_of: datetime
    outcome: str
    reason: str
    checks: list[Check]
    is_dry_run: bool
    training_matches: int
    validation_matches: int
    seconds: float
    best: ModelName | None


class Trainings(Answer):
    items: list[Training]
    next_cursor: str | None


class Version(ListedVersion):
    parameters: dict[str, Any]
    data_from: datetime
    data_to: datetime
    artifact_sha256: str
    code_revision: str
    job_id: int
    training: Training | None


class InService(Answer):
    model: Model
    before: ModelName | None
    says: str


class ServiceChange(Answer):
    id: int
    at: datetime
    by: str
    action: str
    model: ModelName
    before: ModelName | None
    reason: str


class ServiceChanges(Answer):
    items: list[ServiceChange]
    next_cursor: str | None
