"""`make bench-models`: all models on matches from one season on, trained on what came before."""

import argparse
import json
import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from rich.console import Console

from bench.models.contest import CannotJudge, Contest, contest
from bench.models.folder import Folder, read_folder
from bench.models.judging import Judgement, judgement, stacks_beside_members
from bench.models.ours import WeeklyTraining, told_by_models, weekly_training
from bench.models.season import NoSeason, season_from
from bench.models.stopwatch import Stopwatch
from bench.models.table import show
from bench.models.walk import Told
from bench.models.yardsticks import told_by_base_rates, told_by_market
from config.settings import load_settings
from modeling.train import NotEnoughMatches
from modeling.validation import MomentsTooFew
from providers.errors import ProviderError

RESULTS = Path(__file__).parents[1] / "results"
TABLE_WIDTH = 160
REFUSED = 2
VERSIONS = ("numpy", "scipy", "scikit-learn", "xgboost-cpu", "penaltyblog")


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parse(arguments)
    progress = Console(highlight=False, stderr=True)
    try:
        record = measure(given.data, given.test_from, given.results, progress)
    except (CannotJudge, MomentsTooFew, NoSeason, NotEnoughMatches, ProviderError) as error:
        progress.print(f"bench-models: {error}", soft_wrap=True)
        return REFUSED
    (given.results / "models.json").write_text(json.dumps(record, indent=1) + "\n")
    show(record, Console(highlight=False, width=TABLE_WIDTH))
    return 0


def measure(data: str, test_from: str, results: Path, progress: Console) -> dict[str, Any]:
    """Everything that the file holds; draws the plot. Raises what main tells in one line."""

    def report(_: float, what: str) -> None:
        progress.print(what)

    season = season_from(test_from)
    reading = Stopwatch()
    with reading:
        folder = read_folder(data, load_settings().football_data_timezone)
    asked = contest(folder, season)
    training = weekly_training(asked, report)
    # Not earlier: their memory would count as the training's.
    from bench.models.peer import NAME, one_season, told_by_peer  # noqa: PLC0415
    from bench.models.reliability import plot  # noqa: PLC0415

    told = {"base_rates": told_by_base_rates(asked)} | told_by_models(asked, training.models, report)
    report(1, f"asking {NAME}")
    told[NAME], fallbacks = told_by_peer(asked)
    told |= told_by_market(asked)
    judged = judgement(told, asked.asked)
    if judged is None:
        raise CannotJudge("there is no match to which everybody has an answer")
    plot(judged, asked, results / "models_reliability.png")
    return {
        **_about(asked, season),
        **judged.as_json(asked),
        "stacks": stacks_beside_members(judged, asked),
        "leagues": _parts(told, asked, "league_code"),
        "seasons": _parts(told, asked, "season"),
        **_times(folder, asked, training, reading.seconds),
        "dixon_coles_one_season": one_season(asked.past),
        "penaltyblog": {"version": version("penaltyblog"), "fallbacks": dict(fallbacks)},
    }


def _about(asked: Contest, season: str) -> dict[str, Any]:
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": psutil.cpu_count(),
        "load_before": round(psutil.getloadavg()[1], 2),
        "versions": {package: version(package) for package in VERSIONS},
        "test_from": season,
        "test_matches": int(asked.asked.sum()),
    }


def _parts(told: Mapping[str, Told], asked: Contest, column: str) -> dict[str, Any]:
    """The same for each league or season by itself."""
    values, found = asked.tested[column].to_numpy(), {}
    for value in np.unique(values[asked.asked]):
        judged: Judgement | None = judgement(told, asked.asked & (values == value))
        if judged is not None:
            found[str(value)] = judged.as_json(asked)
    return found


def _times(folder: Folder, asked: Contest, training: WeeklyTraining, read_seconds: float) -> dict[str, Any]:
    return {
        "read": {"matches": len(folder.matches), "refused": folder.refused, "seconds": read_seconds},
        "features": {"matches": len(folder.matches), "seconds": asked.feature_seconds},
        "training": {
            "matches": training.matches,
            "seconds": training.seconds,
            "peak_mb": training.peak_mb,
        },
    }


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.models", description=__doc__)
    parser.add_argument("data", help="a folder of football-data.co.uk files")
    parser.add_argument("test_from", help="the first season that judges, 2122 or 2021-22")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the file and the plot go")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
