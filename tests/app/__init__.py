"""The web process: its answers, its refusals, and its life without a database."""

from datetime import datetime

from pydantic import AwareDatetime, Field

from jobs.handler import Handler, Job, JobParams


class EchoParams(JobParams):
    count: int = Field(1, ge=0, le=10)
    ratio: float = 0.5
    label: str = Field("", max_length=20)
    starts_at: AwareDatetime | None = None


class EchoHandler(Handler[EchoParams]):
    """A job type with one parameter of each kind; jobs of one label exclude each other."""

    job_type = "test_echo"
    queue = "echo"

    def unique_key(self, params: EchoParams) -> str | None:
        return f"test_echo:{params.label}" if params.label else None

    async def run(self, params: EchoParams, job: Job) -> None:
        return None


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
