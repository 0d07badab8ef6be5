"""`matchday replay`: the whole operation over a past season through the real queue: train, bet, settle.

Each training, and each round of bets, is a pipeline of jobs as of the moment at which it would have run.
Later results and odds are in the tables all along; no job is told of them.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from cli.answers import Pipeline, PipelineStep
from cli.client import Api
from cli.failures import CommandFailed, WrongUsage
from cli.replay_calendar import Week, weeks
from cli.replay_figures import BANKROLL, read_figures
from cli.replay_report import report_json, show_report
from cli.settings import read_settings
from cli.stopping import Stopping, ToldToStop
from cli.terminal import notes, plain, print_json, results
from cli.throwaway_platform import Platform, data_location, throwaway_platform
from config.logs import configure_logs
from config.settings import override

LOOK_SECONDS = 0.2
# From one round to the next it is at most this long; a match that two rounds see is bet on once.
HORIZON_DAYS = 4
# Until the last bets have their results, put off by a few days at most.
UNTIL_SETTLED = timedelta(days=7)
LONGEST_DAYS = 3_700


@dataclass(frozen=True)
class Replay:
    """What is replayed, and with how much money at the start."""

    first: date
    last: date
    location: str
    bankroll: Decimal

    @property
    def ends_at(self) -> datetime:
        return datetime(self.last.year, self.last.month, self.last.day, tzinfo=UTC) + UNTIL_SETTLED


def run_replay(first: date, last: date, data: str, *, bankroll: Decimal, chart: Path, as_json: bool) -> int:
    """The exit code. Nothing is left behind but the chart."""
    began = time.monotonic()
    replay = _checked(first, last, data, bankroll)
    _check_writable(chart)
    configure_logs(override(read_settings(), {"log_level": "WARNING"}), "replay")
    console = notes()
    try:
        with (
            Stopping() as stopping,
            throwaway_platform("replay", replay.location, stopping, console) as platform,
        ):
            for line in _weeks_through_the_queue(platform, replay):
                console.print(line, markup=False, soft_wrap=True)
            figures = read_figures(platform.database_url, replay.first, replay.last, bankroll)
    except ToldToStop as told:
        return told.exit_code
    from cli.replay_chart import draw  # noqa: PLC0415 - matplotlib takes a second

    draw(figures, chart)
    seconds = time.monotonic() - began
    show_report(figures, seconds, console if as_json else results())
    (console if as_json else results()).print(f"chart: {chart}", markup=False, soft_wrap=True)
    if as_json:
        print_json(report_json(figures, seconds) | {"chart": str(chart)})
    return 0


def _checked(first: date, last: date, data: str, bankroll: Decimal) -> Replay:
    if last < first:
        raise WrongUsage(f"--to {last} is before --from {first}")
    if (last - first).days > LONGEST_DAYS:
        raise WrongUsage(f"--from {first} --to {last}: at most {LONGEST_DAYS} days are replayed at once")
    if last >= datetime.now(UTC).date():
        raise WrongUsage(f"--to {last}: only the past can be replayed")
    location = data_location(data)
    if location is None:
        raise WrongUsage("--data is needed: a folder with CSV files of football-data.co.uk, with odds")
    return Replay(first, last, location, bankroll)


def _check_writable(chart: Path) -> None:
    """Before half an hour of work, not after it."""
    if chart.suffix.lower() != ".png":
        raise WrongUsage(f"--chart {chart}: it is a PNG, so the name must end with .png")
    if not chart.resolve().parent.is_dir():
        raise WrongUsage(f"--chart {chart}: there is no folder {chart.resolve().parent}")


def _weeks_through_the_queue(platform: Platform, replay: Replay) -> Iterator[str]:
    """One line a week, when it is done."""
    calendar = weeks(replay.first, replay.last)
    with Api(platform.url) as api:
        for number, week in enumerate(calendar):
            pipelines = [[_training(week, is_first=number == 0)], *_rounds(week, replay)]
            if number == len(calendar) - 1:
                pipelines.append([_job("settle", "settlement", as_of=replay.ends_at)])
            steps = [step for pipeline in pipelines for step in _run(api, platform, pipeline)]
            yield f"{number + 1:3}/{len(calendar)} {_told(week, steps)}"


def _training(week: Week, *, is_first: bool) -> dict[str, Any]:
    if is_first:
        everything = {"source": "football_data", "horizon_days": 1}
        return _job("ingest-and-train", "data_pipeline", as_of=week.trains_at, **everything)
    return _job("train", "model_training", as_of=week.trains_at)


def _rounds(week: Week, replay: Replay) -> Iterator[list[dict[str, Any]]]:
    betting = {
        "bet": True,
        "bankroll": BANKROLL,
        "opening_bankroll": f"{replay.bankroll:.2f}",
        "horizon_days": HORIZON_DAYS,
    }
    for moment in week.rounds:
        yield [
            _job("settle", "settlement", as_of=moment),
            _job("bet", "prediction_generation", as_of=moment, **betting),
        ]


def _job(name: str, job_type: str, *, as_of: datetime, **params: Any) -> dict[str, Any]:
    return {"name": name, "type": job_type, "params": {"as_of": as_of.isoformat(), **params}}


def _run(api: Api, platform: Platform, steps: list[dict[str, Any]]) -> list[PipelineStep]:
    """As a pipeline in which each step comes after the one before: what was known then must not overtake."""
    before: list[list[str]] = [[], *([step["name"]] for step in steps[:-1])]
    pipeline = api.submit_pipeline(
        {"steps": [step | {"after": after} for step, after in zip(steps, before, strict=True)]}
    )
    while pipeline.status in {"pending", "running"}:
        platform.children.check()
        time.sleep(LOOK_SECONDS)
        pipeline = api.pipeline(pipeline.id)
    if pipeline.status != "completed":
        raise CommandFailed(_failure(pipeline))
    return api.pipeline(pipeline.id, results=True).steps


def _failure(pipeline: Pipeline) -> str:
    failed = next((step for step in pipeline.steps if step.status == "failed"), None)
    if failed is None:
        return f"pipeline {pipeline.id} is {pipeline.status}"
    return plain(f"step {failed.name} (job {failed.job_id}, {failed.type}) failed: {failed.error}")


def _told(week: Week, steps: list[PipelineStep]) -> str:
    training, *rounds = steps
    outcome = training.result["training"]
    bets = sum(step.result["bets"] for step in rounds if step.type == "prediction_generation")
    money = next((_money(step) for step in reversed(rounds) if step.type == "settlement"), None)
    seconds = sum(step.seconds or 0 for step in steps)
    return plain(
        f"{week.trains_at:%Y-%m-%d} {seconds:5.1f} s  {_served(outcome)}, {bets} bets"
        + ("" if money is None else f", bankroll {money}")
        + f"; {outcome['reason']}"
    )


def _served(training: dict[str, Any]) -> str:
    best, outcome = training["best"], training["outcome"]
    return f"{best} {outcome}" if best else f"{outcome}, the old model stays"


def _money(settlement: PipelineStep) -> str | None:
    """What the bankroll had by then; None before the first bet."""
    found: str | None = settlement.result["bankrolls"].get(BANKROLL)
    return found
