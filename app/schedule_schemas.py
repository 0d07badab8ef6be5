"""Schedules as the API takes and shows them."""

from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.config import JsonDict

from app.moments import UtcTime
from app.schemas import Out
from store.schedules import ScheduleRow

NAME = r"^[a-z0-9][a-z0-9._-]{0,63}$"
YEAR = 366 * 86_400
EXAMPLE: JsonDict = {
    "name": "nightly",
    "type": "data_pipeline",
    "params": {"horizon_days": 14},
    "cron": "30 5 * * mon-fri",
    "time_zone": "Europe/London",
}
EXAMPLE_OUT: JsonDict = {
    **EXAMPLE,
    "every_seconds": None,
    "adaptive": None,
    "misfire": "run_once",
    "misfire_after_seconds": 60.0,
    "priority": 0,
    "status": "active",
    "paused_at": None,
    "paused_by": None,
    "next_at": "2026-05-04T04:30:00Z",
    "waits_for_job": None,
    "last_at": "2026-05-01T04:30:00Z",
    "last_job_id": 17,
    "last_error": None,
    "created_at": "2026-04-01T12:00:00Z",
    "updated_at": "2026-05-01T04:30:00.4Z",
    "links": {"self": "/api/schedules/nightly", "upcoming": "/api/schedules/nightly/upcoming"},
}
Seconds = Annotated[float, Field(ge=1, le=YEAR, allow_inf_nan=False)]


class Adaptive(BaseModel):
    """The handler says, at the end of each job, how long to wait: as long as this at least and at most."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    min_seconds: Seconds
    max_seconds: Seconds = Field(description="Also the wait when the handler says nothing, or the job failed")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_seconds > self.max_seconds:
            raise ValueError("max_seconds must not be less than min_seconds")
        return self


class ScheduleChanges(BaseModel):
    """What `PATCH /api/schedules/{name}` takes: what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    type: str | None = None
    params: dict[str, Any] | None = Field(None, description="As the job type declares them")
    cron: str | None = Field(
        None, description="Five fields: minute, hour, day of the month, month, day of the week"
    )
    time_zone: str | None = Field(None, description="IANA name of the zone whose clock `cron` means; UTC")
    every_seconds: Seconds | None = Field(None, description="A fixed interval")
    adaptive: Adaptive | None = None
    misfire: Literal["run_once", "skip"] = Field(
        "run_once", description="A missed time runs once late, or not at all"
    )
    misfire_after_seconds: Annotated[float, Field(ge=5, le=YEAR, allow_inf_nan=False)] | None = Field(
        None, description="How late is missed; 60"
    )
    priority: int = Field(0, ge=-100, le=100, description="Of its jobs; higher runs first")

    @field_validator("*", mode="before")
    @classmethod
    def _is_given(cls, value: object) -> object:
        if value is None:
            raise ValueError("must not be null; leave it out")
        return value


class ScheduleIn(ScheduleChanges):
    """What `POST /api/schedules` takes: one of `cron`, `every_seconds` and `adaptive`."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: str = Field(pattern=NAME)
    type: str
    params: dict[str, Any] = Field(default_factory=dict, description="As the job type declares them")


class ScheduleLinks(Out):
    self: str
    upcoming: str


class ScheduleOut(Out):
    """A schedule; `next_at` is null while the job that an adaptive one waits for is active."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_OUT]})

    name: str
    type: str
    params: dict[str, Any]
    cron: str | None
    time_zone: str | None
    every_seconds: float | None
    adaptive: Adaptive | None
    misfire: Literal["run_once", "skip"]
    misfire_after_seconds: float
    priority: int
    status: Literal["active", "paused"]
    paused_at: UtcTime | None
    paused_by: str | None
    next_at: UtcTime | None
    waits_for_job: int | None
    last_at: UtcTime | None
    last_job_id: int | None
    last_error: str | None
    created_at: UtcTime
    updated_at: UtcTime
    links: ScheduleLinks

    @classmethod
    def of(cls, row: ScheduleRow) -> Self:
        bounds = {"min_seconds": _seconds(row.min_wait), "max_seconds": _seconds(row.max_wait)}
        itself = f"/api/schedules/{row.name}"
        return cls.model_validate(
            {
                **vars(row),
                "type": row.job_type,
                "every_seconds": _seconds(row.every),
                "adaptive": bounds if row.max_wait is not None else None,
                "misfire_after_seconds": _seconds(row.misfire_after),
                "status": "paused" if row.paused_at else "active",
                "links": {"self": itself, "upcoming": f"{itself}/upcoming"},
            }
        )


class SchedulePage(Out):
    items: list[ScheduleOut]
    next_cursor: str | None


class DefaultSchedules(Out):
    """Those that were added, and the names of those that were there already."""

    added: list[ScheduleOut]
    kept: list[str]


class Upcoming(Out):
    items: list[UtcTime]


class TickOut(Out):
    """One time of a schedule: a job was added, met one that did the same work, was missed, or failed."""

    tick_at: UtcTime
    handled_at: UtcTime
    outcome: Literal["enqueued", "merged", "skipped", "failed"]
    job_id: int | None
    error: str | None


class Ticks(Out):
    items: list[TickOut]


def _seconds(period: timedelta | None) -> float | None:
    return None if period is None else period.total_seconds()
