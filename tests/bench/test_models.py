"""`make bench-models` on invented leagues written as football-data.co.uk writes them."""

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.models.__main__ import main
from bench.models.season import NoSeason, season_from
from modeling.kinds import KINDS
from tests.modeling.invented import invented_odds
from tests.sports.league import invented_league

CLUBS = 14
IN_A_SEASON = CLUBS * (CLUBS - 1)
BLANK = 3
FIGURES = {"log_loss", "brier", "rps", "accuracy", "ece", "fit_seconds", "predict_ms_per_match"}
LINES = {
    f"market_{moment}{margin}" for moment in ("open", "close") for margin in ("", "_proportional", "_shin")
}
NAMES = {"base_rates", "ensemble", "ensemble_market", "penaltyblog_dixon_coles", *KINDS, *LINES}
ODDS = {
    **{f"open_{side}": f"Avg{side[0].upper()}" for side in ("home", "draw", "away")},
    **{f"close_{side}": f"AvgC{side[0].upper()}" for side in ("home", "draw", "away")},
}
TIMES = {"fit_seconds", "predict_seconds", "predict_ms_per_match"}


def write(folder: Path, code: str, seasons: Sequence[str], *, without: Sequence[str] = ()) -> None:
    """The seasons of one league, a file each, of those from 2012-13 to 2017-18."""
    matches = invented_league(clubs=CLUBS, seasons=6)
    matches["kickoff_at"] -= timedelta(days=3 * 365)
    table = pd.DataFrame(
        {
            "Div": code,
            "Date": matches["kickoff_at"].dt.strftime("%d/%m/%Y"),
            "Time": matches["kickoff_at"].dt.strftime("%H:%M"),
            "HomeTeam": matches["home_team"],
            "AwayTeam": matches["away_team"],
            "FTHG": matches["home_goals"].astype(int),
            "FTAG": matches["away_goals"].astype(int),
        }
    ).join(invented_odds(matches).round(2).rename(columns=ODDS))
    for season in seasons:
        of_season = table[matches["kickoff_at"].dt.year == int(season[:4])].drop(columns=list(without))
        of_season.to_csv(folder / f"{code}_{season}.csv", index=False)


def measured(data: Path, test_from: str, results: Path) -> dict[str, Any]:
    assert main([str(data), test_from, "--results", str(results)]) == 0
    assert (results / "models_reliability.png").read_bytes().startswith(b"\x89PNG")
    record: dict[str, Any] = json.loads((results / "models.json").read_text())
    return record


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seasons of a known league; the last of an unknown one, which has no closing odds."""
    made = tmp_path_factory.mktemp("football")
    write(made, "E0", [f"{year}-{year - 1999}" for year in range(2012, 2018)])
    write(made, "XX1", ["2017-18"], without=[name for name in ODDS.values() if name.startswith("AvgC")])
    blank_the_opening_odds(made / "E0_2017-18.csv", rows=BLANK)
    return made


def blank_the_opening_odds(file: Path, rows: int) -> None:
    table = pd.read_csv(file)
    table.loc[table.index[-rows:], ["AvgH", "AvgD", "AvgA"]] = None
    table.to_csv(file, index=False)


@pytest.fixture(scope="module")
def record(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return measured(folder, "1617", tmp_path_factory.mktemp("results"))


def test_everybody_is_judged_with_all_figures(record: dict[str, Any]) -> None:
    assert set(record["models"]) == NAMES
    for figures in record["models"].values():
        assert set(figures) >= FIGURES
        assert figures["matches"] == record["matches"]
        assert 0.8 < figures["log_loss"] < 1.2
    assert record["models"]["ensemble"]["log_loss"] < record["models"]["base_rates"]["log_loss"]
    assert set(record["stacks"]) == {"ensemble", "ensemble_market"}


def test_only_matches_to_which_everybody_has_an_answer_judge(record: dict[str, Any]) -> None:
    assert record["test_matches"] == 3 * IN_A_SEASON
    assert record["matches"] == 2 * IN_A_SEASON - BLANK


def test_a_league_that_was_never_seen_is_judged_beside_those_who_can_speak_of_it(
    record: dict[str, Any],
) -> None:
    unseen = record["leagues"]["XX1"]
    assert unseen["matches"] == IN_A_SEASON
    assert set(unseen["models"]) == {name for name in NAMES if not name.startswith("market_close")}
    assert unseen["skipped"]["market_close"] == f"it has an answer to 0 of {IN_A_SEASON} matches only"


def test_what_the_run_took_is_told(record: dict[str, Any]) -> None:
    assert record["training"]["matches"] == 4 * IN_A_SEASON
    assert record["training"]["seconds"] > 0
    assert record["training"]["peak_mb"] > 50
    assert record["features"]["matches"] == 7 * IN_A_SEASON
    assert record["dixon_coles_one_season"]["matches"] == IN_A_SEASON
    assert record["penaltyblog"]["fallbacks"]["unknown_team"] > 0


def test_later_matches_change_nothing_of_what_was_said_before(record: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, "E0", [f"{year}-{year - 1999}" for year in range(2012, 2017)])
    earlier = measured(tmp_path, "2016-17", tmp_path / "results")
    for name, figures in record["seasons"]["2016-17"]["models"].items():
        told = earlier["models"][name]
        for figure in figures.keys() - TIMES - {"fits"}:
            assert told[figure] == pytest.approx(figures[figure]), (name, figure)


@pytest.mark.parametrize(
    ("test_from", "line"),
    [
        ("2122", "bench-models: no match of the season 2021-22: there are 2012-13 to 2017-18"),
        ("2025", "bench-models: TEST_FROM=2025 is no season: write 2122 or 2021-22"),
        ("1314", "bench-models: training needs 300 matches with a known result, found 182: go further back"),
    ],
)
def test_what_cannot_be_measured_is_one_line(
    folder: Path, test_from: str, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder), test_from, "--results", str(tmp_path)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert said[0].startswith(line)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none"), "2122", "--results", str(tmp_path)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "bench-models: football_data: the location is neither a folder, nor a file, nor an http(s) address"
    ]


@pytest.mark.parametrize("text", ["2122", "2021-22", "2021/22", " 21-22 "])
def test_a_season_may_be_written_in_several_ways(text: str) -> None:
    assert season_from(text) == "2021-22"


@pytest.mark.parametrize(("text", "season"), [("9900", "1999-00"), ("9394", "1993-94"), ("0910", "2009-10")])
def test_a_season_knows_its_century(text: str, season: str) -> None:
    assert season_from(text) == season


@pytest.mark.parametrize("text", ["", "21", "2123", "season"])
def test_what_is_no_season_is_refused(text: str) -> None:
    with pytest.raises(NoSeason, match="write 2122 or 2021-22"):
        season_from(text)
