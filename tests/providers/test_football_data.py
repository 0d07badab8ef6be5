"""Folders and addresses of CSV files: what is read, what counts of several lines about one match."""

from pathlib import Path

import pytest

from providers.errors import ProviderUnavailable, RateLimited, RequestRefused
from providers.football_data import fetch, read
from providers.rows import MatchBatch
from providers.validator import Validator
from tests.providers.gates import CountingGate
from tests.providers.web import Answer, WebServer
from tests.sports.league import SHARED, needs_shared_data

HEADER = "Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR\n"
LONDON = "Europe/London"
GOOD = "E0,16/08/14,15:00,Arsenal,Chelsea,2,1,H\n"


def fetched(folder: Path, **files: str) -> MatchBatch:
    for name, rows in files.items():
        (folder / f"{name}.csv").write_text(HEADER + rows)
    return read(str(folder), LONDON)


def test_every_csv_file_of_a_folder_and_those_below_is_read(tmp_path: Path) -> None:
    (tmp_path / "1415").mkdir()
    (tmp_path / "1415" / "E1.CSV").write_text(HEADER + "E1,16/08/14,15:00,A,B,2,1,H\nE1,,,A,B,2,1,H\n")
    (tmp_path / "notes.txt").write_text("not a table")
    batch = fetched(tmp_path, E0=GOOD)
    assert {match.league_code for match in batch.matches} == {"E0", "E1"}
    assert [(row.file, row.line) for row in batch.rejected] == [("1415/E1.CSV", 3)]


def test_a_location_may_be_one_file(tmp_path: Path) -> None:
    fetched(tmp_path, E0=GOOD)
    assert len(read(str(tmp_path / "E0.csv"), LONDON).matches) == 1


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
async def test_a_wrong_location_says_what_is_wrong(location: str) -> None:
    with pytest.raises(ProviderUnavailable):
        await fetch(location, LONDON)


def test_a_location_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ProviderUnavailable, match="neither a folder"):
        read(str(tmp_path / "nowhere"), LONDON)


def test_a_folder_without_csv_files_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ProviderUnavailable, match=r"no \.csv file"):
        read(str(tmp_path), LONDON)


async def test_a_folder_is_fetched_as_it_is_read(tmp_path: Path) -> None:
    batch = fetched(tmp_path, E0=GOOD)
    assert await fetch(str(tmp_path), LONDON) == batch


async def test_addresses_are_read_and_a_missing_one_is_reported(web: WebServer) -> None:
    web.serve("/1415/E0.csv", HEADER + GOOD)
    location = f"{web.url}/1415/E0.csv?key=secret, {web.url}/1415/E9.csv"
    batch = await fetch(location, LONDON)
    assert len(batch.matches) == 1
    assert [(row.file, row.line, row.reason) for row in batch.rejected] == [
        ("127.0.0.1/1415/E9.csv", 0, "the server answered 404")
    ]


async def test_addresses_that_fail_altogether_are_the_first_ones_error_without_its_secrets(
    web: WebServer,
) -> None:
    url = f"{web.url}/E0.csv?key=secret".replace("http://", "http://user:secret@")
    with pytest.raises(RequestRefused) as failure:
        await fetch(url, LONDON)
    assert str(failure.value) == "football_data: the server answered 404"


async def test_a_server_that_asks_to_wait_is_a_limit_for_the_caller(web: WebServer) -> None:
    web.answer("/E0.csv", Answer(429, headers={"Retry-After": "600"}))
    gate = CountingGate()
    with pytest.raises(RateLimited):
        await fetch(f"{web.url}/E0.csv", LONDON, gate=gate)
    assert (gate.entered, [wait.total_seconds() for wait in gate.blocked]) == (1, [600])


async def test_a_file_is_read_again_only_if_it_changed(web: WebServer) -> None:
    web.answer("/E0.csv", Answer(body=(HEADER + GOOD).encode(), headers={"ETag": '"1"'}), Answer(304))
    web.serve("/E1.csv", HEADER + GOOD.replace("E0", "E1"))
    location = f"{web.url}/E0.csv?key=secret,{web.url}/E1.csv"
    first = await fetch(location, LONDON)
    second = await fetch(location, LONDON, validators=first.validators)
    assert first.validators == second.validators == {"127.0.0.1/E0.csv": Validator('"1"')}
    assert [match.league_code for match in first.matches] == ["E0", "E1"]
    assert [match.league_code for match in second.matches] == ["E1"]
    assert second.rejected == []


async def test_when_nothing_changed_there_is_nothing_and_no_error(web: WebServer) -> None:
    web.answer("/E0.csv", Answer(304))
    known = {"127.0.0.1/E0.csv": Validator('"1"')}
    batch = await fetch(f"{web.url}/E0.csv", LONDON, validators=known)
    assert (batch.matches, batch.rejected, batch.validators) == ([], [], known)


async def test_a_name_that_stands_for_two_addresses_is_asked_without_condition(web: WebServer) -> None:
    web.serve("/csv", HEADER + GOOD)
    location = f"{web.url}/csv?file=E0,{web.url}/csv?file=E1"
    await fetch(location, LONDON, validators={"127.0.0.1/csv": Validator('"1"')})
    assert ["If-None-Match" in request.headers for request in web.requests] == [False, False]


@needs_shared_data
def test_all_real_files_are_read_and_only_absurd_odds_are_refused() -> None:
    batch = read(str(SHARED / "data" / "football"), "Europe/Paris")
    assert len(batch.matches) == 27_313
    assert sum(len(match.odds) for match in batch.matches) == 4 * 27_313 - 48
    assert len(batch.rejected) == 28
    assert all(row.reason.startswith("inverse odds add up to") for row in batch.rejected)


@needs_shared_data
def test_verbatim_files_of_four_seasons_are_read() -> None:
    batch = read(str(SHARED / "samples" / "football"), LONDON)
    assert len(batch.matches) == 3_270
    assert [row.reason for row in batch.rejected] == ["odds 0 are not above 1 and at most 1000"]
    assert {match.season for match in batch.matches} == {"2014-15", "2018-19", "2019-20", "2020-21"}
    assert {match.season for match in batch.matches if match.kickoff_time_known} == {"2019-20", "2020-21"}
    assert sum(match.half_time_home_goals is None for match in batch.matches) == 1


@needs_shared_data
def test_closing_odds_of_verbatim_files_begin_with_pinnacles() -> None:
    batch = read(str(SHARED / "samples" / "football"), LONDON)
    closing = {(m.season, o.bookmaker) for m in batch.matches for o in m.odds if o.is_closing}
    assert {bookmaker for season, bookmaker in closing if season == "2018-19"} == {"pinnacle"}
    assert {bookmaker for season, bookmaker in closing if season == "2019-20"} == {
        *("average", "maximum"),
        *("bet365", "pinnacle"),
    }
