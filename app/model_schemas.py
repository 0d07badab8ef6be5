"""Model versions, trainings and changes of what serves, as requests and answers have them."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from app.moments import UtcTime
from app.prediction_schemas import ModelRef
from app.schemas import ModelOut, Out
from modeling.promotion import InService
from store.audit import AuditRow
from store.models import ModelRow
from store.trainings import TrainingRow

ModelStatus = Literal["candidate", "refused", "active", "retired"]
VERSION_MAX = 2**31 - 1
REASON = Field(min_length=1, max_length=1_000, description="Why; kept in the audit log")
PROMOTE_EXAMPLE: JsonDict = {"version": 3, "reason": "the new one is too sure of draws"}
ROLLBACK_EXAMPLE: JsonDict = {"version": 4, "reason": "predictions of Sunday look wrong"}


class PromotionIn(BaseModel):
    """Which version is to serve."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [PROMOTE_EXAMPLE]})

    version: int = Field(ge=1, le=VERSION_MAX)
    reason: str = REASON


class RollbackIn(BaseModel):
    """Why, and from which version."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [ROLLBACK_EXAMPLE]})

    reason: str = REASON
    version: int | None = Field(
        None,
        ge=1,
        le=VERSION_MAX,
        description="The version that is to go. Sent twice, the request then rolls back once.",
    )


class VersionSummary(Out):
    """One version of a model as the list has it."""

    name: str
    version: int
    status: ModelStatus
    reason: str | None
    metrics: dict[str, float]
    importance: dict[str, float]
    training_matches: int
    validation_matches: int
    as_of: UtcTime
    created_at: UtcTime

    @classmethod
    def of(cls, model: ModelRow, importance: Mapping[str, float]) -> Self:
        return cls.model_validate({**vars(model), "importance": dict(importance)})


class VersionPage(Out):
    items: list[VersionSummary]
    next_cursor: str | None


class CheckOut(Out):
    """One question of the gate: its figure (null where it could not be asked), its limit and the answer."""

    name: str
    figure: float | None
    limit: float
    passed: bool
    says: str


class TrainingOut(Out):
    """What came of a training.

    `best` is null of a dry run, which keeps no version; `in_service` is what it was compared with.
    """

    id: int
    job_id: int
    sport: str
    as_of: UtcTime
    outcome: Literal["deployed", "forced", "passed", "refused"]
    reason: str
    checks: list[CheckOut]
    is_dry_run: bool
    training_matches: int
    validation_matches: int
    seconds: float
    best: ModelRef | None
    in_service: ModelRef | None
    created_at: UtcTime

    @classmethod
    def of(cls, row: TrainingRow, models: Mapping[int, ModelRow]) -> Self:
        """`models` has the versions that the row names, by their ids."""
        best, in_service = (models.get(number or 0) for number in (row.best_model_id, row.in_service_id))
        return cls.model_validate({**vars(row), "best": best, "in_service": in_service})


class TrainingPage(Out):
    items: list[TrainingOut]
    next_cursor: str | None


class VersionOut(ModelOut):
    """Everything that is kept of one version; `training` only of the best one of its training."""

    importance: dict[str, float]
    training: TrainingOut | None


class InServiceOut(Out):
    """A change by hand that has taken effect: `says` is what an operator reads."""

    change_id: int
    action: Literal["promoted", "rolled_back"]
    model: ModelOut
    before: ModelRef | None
    status_before: ModelStatus
    artifact_checked: bool
    says: str

    @classmethod
    def of(cls, action: str, done: InService, unchecked: str | None) -> Self:
        return cls.model_validate(
            {
                **vars(done),
                "action": action,
                "status_before": done.was.status,
                "artifact_checked": unchecked is None,
                "says": _says(done, unchecked),
            }
        )


class ServiceChangeOut(Out):
    """One change of what serves: by a job (`deployed`, `forced`) or by hand (`promoted`, `rolled_back`).

    `before` is null where nothing served, and of changes by releases that did not write it down.
    """

    id: int
    at: UtcTime
    by: str
    action: str
    model: ModelRef
    before: ModelRef | None
    status_before: ModelStatus | None
    reason: str
    artifact_unchecked: str | None

    @classmethod
    def of(cls, row: AuditRow) -> Self:
        details: dict[str, Any] = row.details
        return cls.model_validate(
            {
                **vars(row),
                "by": row.actor,
                "model": details,
                "before": details.get("before"),
                "status_before": details.get("status_before"),
                "reason": details["reason"],
                "artifact_unchecked": details.get("unchecked"),
            }
        )


class ServiceChangePage(Out):
    items: list[ServiceChangeOut]
    next_cursor: str | None


def _says(done: InService, unchecked: str | None) -> str:
    place = f" in the place of {done.before.name} {done.before.version}" if done.before else ""
    said = [f"{done.model.name} {done.model.version} serves from now on{place}"]
    if done.was.status == "refused":
        said.append(f"the gate had refused it: {done.was.reason}")
    elif done.was.status == "candidate":
        said.append("no training had put it in service")
    if unchecked is not None:
        said.append(f"its artifact was not checked: {unchecked}; the next prediction job does it")
    return "; ".join(said)
