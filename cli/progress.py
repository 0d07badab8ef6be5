"""A job's progress on standard error: a live bar for people, a line for each step elsewhere."""

from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from cli.answers import Job
from cli.terminal import notes, plain


class JobProgress:
    """Shows each state of one job that it is given."""

    def __init__(self) -> None:
        self._console = notes()
        self._is_live = self._console.is_terminal
        self._shown_step = ""
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("[bold]{task.description}", markup=True),
            BarColumn(bar_width=30),
            TaskProgressColumn(),
            TextColumn("{task.fields[message]}", markup=False, style="dim"),
            TimeElapsedColumn(),
            console=self._console,
        )
        self._task = self._bar.add_task("", total=1.0, message="")

    def __enter__(self) -> Self:
        if self._is_live:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_live:
            self._bar.stop()

    def show(self, job: Job) -> None:
        step, message = _told(job)
        if self._is_live:
            done = 1.0 if job.status == "completed" else job.progress
            self._bar.update(self._task, completed=done, description=step, message=message)
        elif step != self._shown_step:
            self._console.print(f"{job.progress:4.0%} {step} {message}".rstrip(), markup=False)
        self._shown_step = step

    def note(self, line: str) -> None:
        self._console.print(plain(line), markup=False)


def _told(job: Job) -> tuple[str, str]:
    """What the job does, and more about it."""
    if job.is_finished:
        return job.status, ""
    if job.status == "pending":
        return "pending", "waiting for a worker" if job.attempt == 0 else "waiting for the next attempt"
    message = "cancelling" if job.cancel_requested else job.message
    return plain(job.step) or "running", plain(message)
