"""`matchday jobs ...` against a real API, with and without a worker."""

import json
import subprocess
import sys

import pytest

from tests.cli.conftest import Command
from tests.cli.processes import ROOT

LATER = ("--run-after", "2d")


def submitted(matchday: Command, *options: str) -> int:
    ran = matchday("jobs", "submit", "prediction_generation", *LATER, "--json", *options)
    assert ran.code == 0, ran.err
    return int(json.loads(ran.out)["id"])


def test_submitting_adds_a_job_with_its_parameters(matchday: Command) -> None:
    ran = matchday(
        "jobs", "submit", "cleanup", "-p", "older_than_days=3", "--priority", "5", *LATER, "--json"
    )
    job = json.loads(ran.out)
    assert ran.code == 0
    assert (job["type"], job["status"], job["params"], job["priority"]) == (
        "cleanup",
        "pending",
        {"older_than_days": 3, "predictions_older_than_days": 7},
        5,
    )
    assert job["run_after"] > job["created_at"]


def test_submitting_tells_people_how_to_follow_the_job(matchday: Command) -> None:
    ran = matchday("jobs", "submit", "cleanup", *LATER)
    assert ran.out == ""
    assert "matchday jobs watch 1" in ran.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("submit", "nope"), "/type: there is no such job type; allowed: backtest, cleanup"),
        (("submit", "cleanup", "-p", "x=1"), "/params/x: there is no such value; allowed: older_than_days"),
        (("submit", "cleanup", "-p", "older_than_days=many"), "/params/older_than_days"),
        (("show", 99), "there is no job 99"),
        (("cancel", 99), "there is no job 99"),
        (("retry", 99), "there is no job 99"),
        (("watch", 99), "there is no job 99"),
        (("list", "--cursor", "x"), "?cursor"),
        (("list", "--type", "nope"), "?type"),
    ],
)
def test_a_refusal_is_one_line_with_the_request_id(
    matchday: Command, arguments: tuple[object, ...], told: str
) -> None:
    ran = matchday("jobs", *arguments)
    assert (ran.code, ran.out) == (1, "")
    assert told in ran.err
    assert "(request id " in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("submit", "cleanup", "-p", "older"),
        ("submit", "cleanup", "--params", "{"),
        ("list", "--since", "then"),
        ("list", "--status", "odd"),
        ("list", "--limit", "0"),
        ("show", "first"),
        ("list", "--url", "nowhere"),
        ("list", "--url", "ftp://127.0.0.1"),
    ],
)
def test_wrong_usage_ends_with_2(matchday: Command, arguments: tuple[str, ...]) -> None:
    ran = matchday("jobs", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "Traceback" not in ran.err


def test_an_unreachable_api_ends_with_3(matchday: Command) -> None:
    ran = matchday("jobs", "list", "--url", "http://127.0.0.1:1")
    assert (ran.code, ran.out) == (3, "")
    assert "http://127.0.0.1:1 cannot be reached" in ran.err
    assert ran.err.count("\n") == 1


def test_the_list_shows_what_it_is_asked_for(matchday: Command) -> None:
    first, second = submitted(matchday), submitted(matchday)
    matchday("jobs", "cancel", first)
    cancelled = json.loads(matchday("jobs", "list", "--status", "cancelled", "--since", "1h", "--json").out)
    everything = json.loads(
        matchday("jobs", "list", "--type", "prediction_generation", "--queue", "cpu", "--json").out
    )
    assert [job["id"] for job in cancelled["items"]] == [first]
    assert [job["id"] for job in everything["items"]] == [second, first]


def test_the_list_is_a_table_for_people(matchday: Command) -> None:
    submitted(matchday)
    lines = matchday("jobs", "list").out.splitlines()
    assert lines[0].split()[:3] == ["id", "type", "status"]
    assert lines[1].split()[:3] == ["1", "prediction_generation", "pending"]


def test_the_list_goes_on_where_the_page_ended(matchday: Command) -> None:
    ids = [submitted(matchday) for _ in range(3)]
    page = json.loads(matchday("jobs", "list", "--limit", "2", "--json").out)
    rest = json.loads(matchday("jobs", "list", "--cursor", page["next_cursor"], "--json").out)
    assert [job["id"] for job in page["items"] + rest["items"]] == ids[::-1]
    assert f"--cursor {page['next_cursor']}" in matchday("jobs", "list", "--limit", "2").err


def test_a_job_is_shown_with_its_parameters(matchday: Command) -> None:
    job_id = submitted(matchday, "-p", 'leagues=["D1"]')
    assert '"leagues": ["D1"]' in matchday("jobs", "show", job_id).out
    assert json.loads(matchday("jobs", "show", job_id, "--json").out)["status"] == "pending"


def test_a_cancelled_job_can_be_tried_again_once(matchday: Command) -> None:
    job_id = submitted(matchday)
    assert "is cancelled" in matchday("jobs", "cancel", job_id).err
    assert json.loads(matchday("jobs", "retry", job_id, "--json").out)["status"] == "pending"
    again = matchday("jobs", "retry", job_id)
    assert again.code == 1
    assert "only failed and cancelled jobs" in again.err


def test_cleanup_deletes_what_is_finished(matchday: Command) -> None:
    matchday("jobs", "cancel", submitted(matchday))
    kept = submitted(matchday)
    assert json.loads(matchday("jobs", "cleanup", "--older-than-days", "0", "--json").out) == {"deleted": 1}
    left = json.loads(matchday("jobs", "list", "--json").out)["items"]
    assert [job["id"] for job in left] == [kept]


def test_types_come_with_the_schema_of_their_parameters(matchday: Command) -> None:
    types = json.loads(matchday("jobs", "types", "--json").out)["items"]
    schemas = {kind["type"]: kind["params_schema"] for kind in types}
    assert "older_than_days" in schemas["cleanup"]["properties"]
    assert "data_pipeline" in matchday("jobs", "types").out


def test_watching_a_job_that_completes_ends_with_0(matchday: Command, one_worker: None) -> None:
    ran = matchday("jobs", "submit", "cleanup", "--watch", "--json")
    assert ran.code == 0
    assert json.loads(ran.out)["result"]["deleted"] == 0
    assert "100% completed" in ran.err


def test_watching_a_job_that_fails_ends_with_1_and_says_why(matchday: Command, one_worker: None) -> None:
    ran = matchday("jobs", "submit", "prediction_generation", "--watch", "--json")
    assert ran.code == 1
    assert json.loads(ran.out)["status"] == "failed"
    assert "matchday: job 1 failed" in ran.err
    assert "there are no played matches" in ran.err


def test_watching_a_job_that_was_cancelled_ends_with_1(matchday: Command) -> None:
    job_id = submitted(matchday)
    matchday("jobs", "cancel", job_id)
    ran = matchday("jobs", "watch", job_id)
    assert ran.code == 1
    assert f"job {job_id} cancelled" in ran.err


@pytest.mark.usefixtures("clean_database")
def test_a_closed_pipe_is_no_error_to_speak_of(api_url: str) -> None:
    listing = [sys.executable, "-m", "cli.main", "jobs", "types", "--url", api_url]
    for options in ([], ["--json"]):
        process = subprocess.Popen(
            [*listing, *options], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (1, b"")


def test_the_attempts_of_a_job_are_shown(matchday: Command, one_worker: None) -> None:
    assert matchday("jobs", "submit", "prediction_generation", "--watch").code == 1
    ran = matchday("jobs", "attempts", 1)
    assert ran.code == 0
    assert "failed" in ran.out
    [attempt] = json.loads(matchday("jobs", "attempts", 1, "--json").out)["items"]
    assert (attempt["attempt"], attempt["outcome"], attempt["error"]["kind"]) == (1, "failed", "error")
    assert "Traceback" in attempt["trace"]
