"""What a pipeline left in the tables, as figures and as a table for people."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from cli.answers import Job
from cli.terminal import cell
from store.database import Database
from store.matches import count_matches, count_quarantined
from store.models import ModelRow, list_models
from store.pipelines import StepRow, pipeline_steps
from store.predictions import PredictionRow, count_predictions, job_predictions

NEXT_PREDICTIONS = 10
FIGURES = ("log_loss", "brier", "accuracy")


@dataclass(frozen=True)
class Summary:
    """Read from the tables after the job; `job_seconds` are the job's, `seconds` those of the whole demo."""

    matches: int
    quarantined: int
    models: list[ModelRow]
    predictions: int
    next_predictions: list[PredictionRow]
    steps: list[StepRow]
    job_seconds: float
    seconds: float

    @property
    def as_of(self) -> datetime | None:
        return self.models[0].as_of if self.models else None


def read_summary(database_url: str, job: Job, *, seconds: float) -> Summary:
    return asyncio.run(_read(database_url, job, seconds))


def summary_json(summary: Summary) -> dict[str, Any]:
    """The summary as programs read it."""
    return {
        "matches": summary.matches,
        "quarantined": summary.quarantined,
        "as_of": summary.as_of and summary.as_of.isoformat(),
        "models": [
            {
                "name": model.name,
                "version": model.version,
                "status": model.status,
                "validation_matches": model.validation_matches,
                **{name: round(model.metrics[name], 4) for name in FIGURES},
            }
            for model in summary.models
        ],
        "predictions": summary.predictions,
        "steps": [{"name": step.step, "seconds": round(step.seconds or 0, 3)} for step in summary.steps],
        "job_seconds": round(summary.job_seconds, 3),
        "seconds": round(summary.seconds, 3),
    }


def show_summary(summary: Summary, console: Console) -> None:
    steps = ", ".join(f"{step.step} {step.seconds or 0:.1f}" for step in summary.steps)
    figures = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    figures.add_column(style="dim")
    figures.add_row("matches in the tables", f"{summary.matches:,}")
    figures.add_row("rows quarantined", f"{summary.quarantined:,}")
    figures.add_row("predictions saved", f"{summary.predictions:,}")
    figures.add_row("seconds per step", steps)
    figures.add_row("seconds in all", f"{summary.seconds:.1f} (the job {summary.job_seconds:.1f})")
    console.print(figures)
    console.print()
    console.print(_models(summary.models))
    console.print()
    console.print(_predictions(summary))


def _models(models: list[ModelRow]) -> Table:
    matches = models[0].validation_matches if models else 0
    table = Table(title=f"Models, on {matches:,} matches they had not seen", title_justify="left", box=None)
    table.add_column("model")
    table.add_column("status")
    for name in FIGURES:
        table.add_column(name.replace("_", " "), justify="right")
    for model in models:
        values = [f"{model.metrics[name]:.4f}" for name in FIGURES]
        table.add_row(cell(f"{model.name} {model.version}"), cell(model.status), *values)
    return table


def _predictions(summary: Summary) -> Table:
    title = "Next fixtures"
    if summary.as_of:
        title += f", as if it were {summary.as_of:%Y-%m-%d}"
    table = Table(title=title, title_justify="left", box=None)
    for name in ("league", "kick-off (UTC)", "home", "away"):
        table.add_column(name)
    for name in ("1", "X", "2"):
        table.add_column(name, justify="right")
    table.add_column("pick")
    for name in ("goals", "over 2.5"):
        table.add_column(name, justify="right")
    for row in summary.next_predictions:
        table.add_row(
            cell(row.league_code),
            f"{row.kickoff_at:%Y-%m-%d %H:%M}",
            cell(row.home_team),
            cell(row.away_team),
            f"{row.home:.0%}",
            f"{row.draw:.0%}",
            f"{row.away:.0%}",
            cell(row.pick),
            *_goals(row),
        )
    return table


def _goals(row: PredictionRow) -> tuple[str, str]:
    if row.over_2_5 is None:
        return "", ""
    return f"{row.home_goals:.1f} - {row.away_goals:.1f}", f"{row.over_2_5:.0%}"


async def _read(database_url: str, job: Job, seconds: float) -> Summary:
    database = Database(database_url, process="demo summary", pool_size=1)
    try:
        async with database.read() as conn:
            return Summary(
                matches=await count_matches(conn),
                quarantined=await count_quarantined(conn),
                models=list(reversed(await list_models(conn, job_id=job.id))),
                predictions=await count_predictions(conn, job.id),
                next_predictions=await job_predictions(conn, job.id, limit=NEXT_PREDICTIONS),
                steps=await pipeline_steps(conn, job.id),
                job_seconds=job.seconds or 0,
                seconds=seconds,
            )
    finally:
        await database.close()
