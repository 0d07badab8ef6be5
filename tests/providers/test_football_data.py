"""Folders and addresses of CSV files: what is read, what counts of several lines about one match."""

from pathlib import Path

import pytest

from providers.football_data import FootballDataUnavailable, fetch
from providers.rows import MatchBatch
from tests.providers.web import WebServer
from tests.sports.league import SHARED, needs_shared_data

HEADER = "Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR\n"
GOOD = "E0,16/08/14,15:00,Arsenal,Chelsea,2,1,H\n"


def fetched(folder: Path, **files: str) -> MatchBatch:
    for name, rows in files.items():
        (folder / f"{name}.csv").write_text(HEADER + rows)
    return fetch(str(folder), "Europe/London", None)


def test_every_csv_file_of_a_folder_and_those_below_is_read(tmp_path: Path) -> None:
    (tmp_path / "1415").mkdir()
    (tmp_path / "1415" / "E1.CSV").write_text(HEADER + "E1,16/08/14,15:00,A,B,2,1,H\nE1,,,A,B,2,1,H\n")
    (tmp_path / "notes.txt").write_text("not a table")
    batch = fetched(tmp_path, E0=GOOD)
    assert {match.league_code for match in batch.matches} == {"E0", "E1"}
    assert [(row.file, row.line) for row in batch.rejected] == [("1415/E1.CSV", 3)]


def test_a_location_may_be_one_file(tmp_path: Path) -> None:
    fetched(tmp_path, E0=GOOD)
    assert len(fetch(str(tmp_path / "E0.csv"), "Europe/London", None).matches) == 1


def test_an_identical_line_is_rejected_as_the_same(tmp_path: Path) -> None:
    batch = fetched(tmp_path, E0=GOOD + GOOD)
    assert len(batch.matches) == 1
    assert [(row.line, row.reason) for row in batch.rejected] == [(3, "the same as E0.csv line 2")]


def test_of_two_scores_the_later_counts_and_the_earlier_is_reported(tmp_path: Path) -> None:
    batch = fetched(tmp_path, E0=GOOD, E0_corrected="E0,16/08/14,15:00,Arsenal,Chelsea,3,1,H\n")
    assert [match.home_goals for match in batch.matches] == [3]
    assert [(row.file, row.line, row.raw["FTHG"]) for row in batch.rejected] == [("E0.csv", 2, "2")]
    assert "E0_corrected.csv line 2" in batch.rejected[0].reason


def test_a_later_list_of_fixtures_does_not_hide_a_result(tmp_path: Path) -> None:
    batch = fetched(tmp_path, E0=GOOD, fixtures="E0,16/08/14,15:00,Arsenal,Chelsea,,,\n")
    assert [match.home_goals for match in batch.matches] == [2]
    assert batch.rejected[0].file == "fixtures.csv"


def test_a_file_that_cannot_be_read_is_reported_and_the_others_land(tmp_path: Path) -> None:
    (tmp_path / "broken.csv").write_bytes(b"\x00\x01\x02")
    batch = fetched(tmp_path, E0=GOOD)
    assert len(batch.matches) == 1
    assert [row.file for row in batch.rejected] == ["broken.csv"]


@pytest.mark.parametrize("location", ["", " ", "ftp://example.org/E0.csv", "file:///etc/passwd"])
def test_a_wrong_location_says_what_is_wrong(location: str) -> None:
    with pytest.raises(FootballDataUnavailable):
        fetch(location, "Europe/London", None)


def test_a_location_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FootballDataUnavailable, match="neither a folder"):
        fetch(str(tmp_path / "nowhere"), "Europe/London", None)


def test_a_folder_without_csv_files_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FootballDataUnavailable, match=r"no \.csv file"):
        fetch(str(tmp_path), "Europe/London", None)


def test_addresses_are_read_and_a_missing_one_is_reported(web: WebServer) -> None:
    web.serve("/1415/E0.csv", HEADER + GOOD)
    location = f"{web.url}/1415/E0.csv?key=secret, {web.url}/1415/E9.csv"
    batch = fetch(location, "Europe/London", None)
    assert len(batch.matches) == 1
    assert [(row.file, row.line, row.reason) for row in batch.rejected] == [
        ("127.0.0.1/1415/E9.csv", 0, "the server answered 404")
    ]


def test_an_address_that_fails_altogether_is_an_error_without_its_secrets(web: WebServer) -> None:
    with pytest.raises(FootballDataUnavailable) as failure:
        fetch(f"{web.url}/E0.csv?key=secret", "Europe/London", None)
    assert str(failure.value) == "127.0.0.1/E0.csv: the server answered 404"


@needs_shared_data
def test_all_real_files_are_read_without_a_refusal() -> None:
    batch = fetch(str(SHARED / "data" / "football"), "Europe/Paris", None)
    assert (len(batch.matches), batch.rejected) == (27_313, [])


@needs_shared_data
def test_verbatim_files_of_four_seasons_are_read_without_a_refusal() -> None:
    batch = fetch(str(SHARED / "samples" / "football"), "Europe/London", None)
    assert (len(batch.matches), batch.rejected) == (3_270, [])
    assert {match.season for match in batch.matches} == {"2014-15", "2018-19", "2019-20", "2020-21"}
    assert {match.season for match in batch.matches if match.kickoff_time_known} == {"2019-20", "2020-21"}
