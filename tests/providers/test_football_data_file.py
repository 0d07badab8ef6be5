"""One CSV file: good rows land, bad ones are refused with line, reason and what they said."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.football_data_file import Line, read_lines
from providers.rows import MatchRow, MatchStatus, RejectedRow

LONDON = ZoneInfo("Europe/London")
HEADER = "Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR"
GOOD = "E0,16/08/14,15:00,Arsenal,Crystal Palace,2,1,H"


def read(
    data: bytes | str, leagues: frozenset[str] | None = None
) -> tuple[list[MatchRow], list[RejectedRow]]:
    lines = list(read_lines(data if isinstance(data, bytes) else data.encode(), "E0.csv", LONDON, leagues))
    matches = [line.match for line in lines if isinstance(line, Line)]
    return matches, [line for line in lines if isinstance(line, RejectedRow)]


def one(row: str, header: str = HEADER) -> MatchRow:
    matches, rejected = read(f"{header}\n{row}\n")
    assert rejected == []
    return matches[0]


def refusal(row: str, header: str = HEADER) -> RejectedRow:
    """Of a row that stands between two good ones, which land."""
    good = GOOD if header == HEADER else row
    matches, rejected = read(f"{header}\n{good}\n{row}\n{good}\n")
    assert len(matches) == (2 if header == HEADER else 0)
    return rejected[0]


def test_a_row_is_a_match() -> None:
    assert one(GOOD) == MatchRow(
        league_code="E0",
        season="2014-15",
        kickoff_at=datetime(2014, 8, 16, 14, tzinfo=UTC),
        kickoff_time_known=True,
        home_team="Arsenal",
        away_team="Crystal Palace",
        home_goals=2,
        away_goals=1,
        status=MatchStatus.PLAYED,
    )


@pytest.mark.parametrize("day", ["05/01/15", "05/01/2015", "5/1/2015", "2015-01-05"])
def test_the_day_comes_first_in_either_spelling(day: str) -> None:
    assert one(f"E0,{day},15:00,A,B,0,0,D").kickoff_at == datetime(2015, 1, 5, 15, tzinfo=UTC)


def test_years_of_two_digits_are_of_the_1990s_or_later() -> None:
    assert one("E0,14/08/93,15:00,A,B,0,0,D").kickoff_at.year == 1993
    assert one("E0,14/08/25,15:00,A,B,0,0,D").kickoff_at.year == 2025


def test_times_are_local_summer_and_winter() -> None:
    assert one("E0,01/07/2015,15:00,A,B,0,0,D").kickoff_at.hour == 14
    assert one("E0,01/12/2015,15:00,A,B,0,0,D").kickoff_at.hour == 15


def test_without_a_time_kickoff_is_noon_and_said_to_be_unknown() -> None:
    without_column = one("E0,16/08/14,Arsenal,Chelsea,2,1,H", "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR")
    blank = one("E0,16/08/14,,Arsenal,Chelsea,2,1,H")
    assert without_column == blank
    assert not blank.kickoff_time_known
    assert blank.kickoff_at == datetime(2014, 8, 16, 11, tzinfo=UTC)


def test_without_a_score_it_is_a_fixture() -> None:
    fixture = one("E0,16/08/25,15:00,Arsenal,Chelsea,,,")
    assert (fixture.home_goals, fixture.away_goals, fixture.status) == (None, None, MatchStatus.SCHEDULED)


def test_a_file_without_any_score_column_is_a_list_of_fixtures() -> None:
    assert one("E0,16/08/25,15:00,A,B", "Div,Date,Time,HomeTeam,AwayTeam").home_goals is None


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("E0,,15:00,A,B,1,0,H", "the date is missing"),
        ("E0,31/02/2015,15:00,A,B,1,0,H", "there is no day '31/02/2015' (day first)"),
        ("E0,08/25/2015,15:00,A,B,1,0,H", "there is no day '08/25/2015' (day first)"),
        ("E0,Aug 5 2015,15:00,A,B,1,0,H", "date 'Aug 5 2015' is not dd/mm/yy, dd/mm/yyyy or yyyy-mm-dd"),
        ("E0,01/02/2015,25:00,A,B,1,0,H", "time '25:00' is not hh:mm"),
        ("E0,01/02/2015,15:00,,B,1,0,H", "the home team is missing"),
        ("E0,01/02/2015,15:00,A,,1,0,H", "the away team is missing"),
        ("E0,01/02/2015", "the home team is missing"),
        ("E0,01/02/2015,15:00,A,a,1,0,H", "A plays against itself"),
        ("E0,01/02/2015,15:00,A\ufffd,B,1,0,H", "the home team 'A\ufffd' is not a name"),
        ("E-0,01/02/2015,15:00,A,B,1,0,H", "'E-0' is no code of a division"),
        ("Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR", "'Div' is no code of a division"),
        ("E0,01/02/2015,15:00,A,B,Abd,Abd,", "score 'Abd' is not a whole number from 0 to 36"),
        ("E0,01/02/2015,15:00,A,B,P-P,P-P,", "score 'P-P' is not a whole number from 0 to 36"),
        ("E0,01/02/2015,15:00,A,B,-1,0,A", "score '-1' is not a whole number from 0 to 36"),
        ("E0,01/02/2015,15:00,A,B,99,0,H", "score '99' is not a whole number from 0 to 36"),
        ("E0,01/02/2015,15:00,A,B,1.5,0,H", "score '1.5' is not a whole number from 0 to 36"),
        ("E0,01/02/2015,15:00,A,B,\u0661,0,H", "score '\u0661' is not a whole number from 0 to 36"),
        ("E0,01/02/2015,15:00,A,B,1,,H", "half a score: '1' to ''"),
        ("E0,01/02/2015,15:00,A,B,,,H", "result 'H' without a score"),
        ("E0,01/02/2015,15:00,A,B,1,0,A", "result 'A' contradicts the score 1-0"),
        ("E0,01/02/2015,15:00,A\x00,B,1,0,H", "the line holds NUL bytes"),
    ],
)
def test_a_bad_row_is_refused_and_its_neighbours_land(row: str, reason: str) -> None:
    refused = refusal(row)
    assert refused.reason == reason
    assert (refused.source, refused.file, refused.line) == ("football_data", "E0.csv", 3)


def test_a_refused_row_shows_what_it_said() -> None:
    raw = refusal("E0,01/02/2015,15:00,A,B,Abd,Abd,").raw
    assert raw == {
        "Div": "E0",
        "Date": "01/02/2015",
        "HomeTeam": "A",
        "AwayTeam": "B",
        "Time": "15:00",
        "FTHG": "Abd",
        "FTAG": "Abd",
        "FTR": "",
    }


def test_what_is_shown_holds_no_nul_and_is_short() -> None:
    raw = refusal("E0,01/02/2015,15:00,A\x00" + "x" * 5_000 + ",B,1,0,H").raw
    assert "\x00" not in raw["HomeTeam"]
    assert len(raw["HomeTeam"]) < 200


WITH_HALF_TIME = f"{HEADER},HTHG,HTAG"


def test_the_score_at_half_time_is_read() -> None:
    match = one(f"{GOOD},1,0", WITH_HALF_TIME)
    assert (match.half_time_home_goals, match.half_time_away_goals) == (1, 0)
    assert one(f"{GOOD},,", WITH_HALF_TIME).half_time_home_goals is None


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f"{GOOD},1,", "score '' is not a whole number from 0 to 36"),
        (f"{GOOD},3,0", "half-time score 3-0 is above the final score"),
        ("E0,16/08/14,15:00,Arsenal,Chelsea,,,,1,0", "a half-time score without a score"),
    ],
)
def test_an_absurd_score_at_half_time_is_refused_and_the_match_lands(row: str, reason: str) -> None:
    matches, rejected = read(f"{WITH_HALF_TIME}\n{row}\n")
    assert [(match.half_time_home_goals, match.half_time_away_goals) for match in matches] == [(None, None)]
    assert [(refused.line, refused.reason) for refused in rejected] == [(2, reason)]


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("Div,Date,HomeTeam,FTHG,FTAG", "the file has no column AwayTeam"),
        ("Div,HomeTeam,AwayTeam,FTAG,FTR", "the file has no column Date, FTHG"),
        ("<html>", "the file has no column Div, Date, HomeTeam, AwayTeam"),
    ],
)
def test_a_file_without_a_needed_column_is_refused_as_a_whole(header: str, reason: str) -> None:
    matches, rejected = read(f"{header}\n{GOOD}\n")
    assert matches == []
    assert [(row.line, row.reason) for row in rejected] == [(1, reason)]


@pytest.mark.parametrize("data", [b"", b"\n\n", b",,,\r\n,,,"])
def test_an_empty_file_is_refused(data: bytes) -> None:
    assert [row.reason for row in read(data)[1]] == ["the file is empty"]


def test_a_file_with_a_header_only_is_a_season_that_has_not_begun() -> None:
    assert read(HEADER + "\n") == ([], [])


def test_blank_lines_and_columns_are_nothing() -> None:
    data = f"\n{HEADER},,,\r\n{GOOD},,,\r\n,,,,,,,,,\r\n\r\n   \r\n"
    assert read(data) == ([one(GOOD)], [])


def test_columns_may_stand_in_any_order_among_others() -> None:
    header = "FTR, AwayTeam ,B365H,HomeTeam,Date,Div,FTAG,FTHG,B365H,HomeTeam"
    row = "H,Chelsea,1.5,Arsenal,16/08/14,E0,1,2,,Somebody"
    match = one(row, header)
    assert (match.home_team, match.away_team, match.home_goals, match.away_goals) == (
        "Arsenal",
        "Chelsea",
        2,
        1,
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_names_survive_every_encoding(encoding: str) -> None:
    data = f"{HEADER}\r\nD1,16/08/14,15:30,1. FC Köln,Fürth,2,1,H\r\n".encode(encoding)
    matches, rejected = read(data)
    assert rejected == []
    assert (matches[0].home_team, matches[0].away_team) == ("1. FC Köln", "Fürth")


def test_one_line_in_another_encoding_does_not_spoil_the_others() -> None:
    rows = "D1,16/08/14,15:30,Köln,A,2,1,H\n".encode() + "D1,17/08/14,15:30,Köln,B,2,1,H\n".encode("cp1252")
    matches, _ = read(HEADER.encode() + b"\n" + rows)
    assert {match.home_team for match in matches} == {"Köln"}


def test_a_stray_quotation_mark_costs_one_line_only() -> None:
    matches, rejected = read(f'{HEADER}\n{GOOD}\nE0,17/08/14,15:00,"A,B,1,0,H\n{GOOD}\n')
    assert (len(matches), [row.line for row in rejected]) == (2, [3])


def test_a_line_that_is_far_too_long_is_refused() -> None:
    matches, rejected = read(f"{HEADER}\n{GOOD}\nE0,{'x' * 200_000}\n{GOOD}\n")
    assert (len(matches), [row.line for row in rejected]) == (2, [3])


@pytest.mark.parametrize("code", ["N1", "XX1", "EC", "ARG", "SC10"])
def test_a_league_that_nobody_has_named_yet_is_read(code: str) -> None:
    assert one(f"{code},16/08/14,15:00,A,B,2,1,H").league_code == code


def test_lines_of_other_leagues_are_left_out_but_not_those_of_none() -> None:
    data = f"{HEADER}\n{GOOD}\nD1,16/08/14,15:00,A,B,2,1,H\nX-X,16/08/14,15:00,A,B,2,1,H\nD1,,,A,B,2,1,H\n"
    matches, rejected = read(data, frozenset({"E0"}))
    assert [match.league_code for match in matches] == ["E0"]
    assert [row.reason for row in rejected] == ["'X-X' is no code of a division"]


@given(st.binary(max_size=300))
def test_whatever_a_file_holds_each_line_is_a_match_or_refused(rubbish: bytes) -> None:
    matches, rejected = read(HEADER.encode() + b"\n" + rubbish)
    assert matches == []
    assert all(row.reason and "\x00" not in str(row.raw) for row in rejected)
    read(rubbish)
