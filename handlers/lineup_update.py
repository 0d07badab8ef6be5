"""Line-ups of matches that start soon: stored when they come out or change, and then predicted anew."""

from dataclasses import asdict
from datetime import timedelta

from pydantic import BaseModel, Field

from handlers.steps.check_lineups import SOURCE, LineupScope, check_lineups, starting_soon
from jobs.handler import Handler, Job, Retry
from providers.catalogue import disabled
from providers.errors import ProviderUnavailable
from store.database import DatabaseUnavailable


class LineupUpdateParams(LineupScope):
    pass


class LineupUpdateResult(BaseModel):
    matches: int = Field(0, description="That start soon, and were asked for")
    lineups: int = Field(0, description="Team sheets that were new or had changed")
    changed: list[int] = Field([], description="Those of the matches that have such a team sheet")
    prediction_job: int | None = Field(None, description="Predicts the leagues of these anew")
    held_back: int = Field(0, description="Matches whose teams `matchday teams unmatched` asks about")
    note: str | None = None


class LineupUpdateHandler(Handler[LineupUpdateParams]):
    job_type = "lineup_update"
    queue = "cpu"
    own_process = True
    timeout = timedelta(minutes=5)
    retry = Retry(times=1, on=(DatabaseUnavailable, ProviderUnavailable))

    def unique_key(self, params: LineupUpdateParams) -> str:  # noqa: ARG002 - two would ask for the same
        return "lineup_update"

    async def run(self, params: LineupUpdateParams, job: Job) -> LineupUpdateResult:
        reasons = {each.provider.name: each.reason for each in disabled(job.settings)}
        if SOURCE in reasons:
            return LineupUpdateResult(note=reasons[SOURCE])
        soon = await starting_soon(job, params)
        if not soon:
            return LineupUpdateResult(note=f"no match starts within {params.within_hours:g} hours")
        job.progress(0.1, f"asking for the line-ups of {len(soon)} matches")
        checked = await check_lineups(job, params, soon)
        return LineupUpdateResult(matches=len(soon), **asdict(checked))
