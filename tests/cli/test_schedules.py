"""`matchday schedules` against a real API."""

import json
from typing import Any

import pytest

from tests.cli.conftest import Command

NIGHTLY = ("nightly", "cleanup", "--cron", "30 5 * * mon-fri", "--time-zone", "Europe/London")


def schedule(matchday: Command, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(matchday("schedules", "show", name, "--json").out)
    return found


def test_a_schedule_is_created_and_shown(matchday: Command) -> None:
    ran = matchday("schedules", "create", *NIGHTLY, "-p", "older_than_days=30", "--priority", -5)
    assert (ran.code, ran.out) == (0, "")
    assert "schedule nightly runs next at 20" in ran.err
    found = schedule(matchday, "nightly")
    assert (found["cron"], found["time_zone"], found["priority"]) == ("30 5 * * mon-fri", "Europe/London", -5)
    assert found["params"] == {"older_than_days": 30}
    assert found["upcoming"][0] == found["next_at"]
    assert (len(found["upcoming"]), found["ticks"]) == (5, [])
    shown = matchday("schedules", "show", "nightly").out
    assert "30 5 * * mon-fri Europe/London" in shown
    assert "run_once after 1m" in shown
    assert shown.count("will run") == 5


def test_intervals_are_typed_as_periods(matchday: Command) -> None:
    often = ("--every", "90s", "--misfire", "skip", "--misfire-after", "2m", "--params", "{}", "--json")
    found = json.loads(matchday("schedules", "create", "often", "cleanup", *often).out)
    assert (found["every_seconds"], found["misfire"], found["misfire_after_seconds"]) == (90, "skip", 120)
    assert matchday("schedules", "create", "poll", "cleanup", "--min", "30s", "--max", "2h").code == 0
    assert schedule(matchday, "poll")["adaptive"] == {"min_seconds": 30, "max_seconds": 7_200}
    lines = [line.split() for line in matchday("schedules", "list").out.splitlines()]
    assert lines[0][:4] == ["name", "type", "when", "status"]
    assert [line[:5] for line in lines[1:]] == [
        ["often", "cleanup", "every", "90s", "active"],
        ["poll", "cleanup", "30s", "to", "2h"],
    ]


def test_every_schedule_is_listed(matchday: Command) -> None:
    for number in range(3):
        matchday("schedules", "create", f"s{number}", "cleanup", "--every", "1d")
    items = json.loads(matchday("schedules", "list", "--json").out)["items"]
    assert [item["name"] for item in items] == ["s0", "s1", "s2"]


def test_a_schedule_is_paused_and_resumed(matchday: Command) -> None:
    matchday("schedules", "create", *NIGHTLY)
    assert "schedule nightly is paused" in matchday("schedules", "pause", "nightly").err
    assert schedule(matchday, "nightly")["status"] == "paused"
    assert "paused" in matchday("schedules", "list").out
    shown = matchday("schedules", "show", "nightly").out
    assert (shown.count("if resumed"), shown.count("will run")) == (5, 0)
    assert json.loads(matchday("schedules", "resume", "nightly", "--json").out)["status"] == "active"
    assert "nightly runs next at 20" in matchday("schedules", "resume", "nightly").err


def test_a_schedule_is_run_now(matchday: Command) -> None:
    matchday("schedules", "create", *NIGHTLY)
    job = json.loads(matchday("schedules", "run", "nightly", "--json").out)
    assert (job["type"], job["status"]) == ("cleanup", "pending")
    again = matchday("schedules", "run", "nightly")
    assert (again.code, again.out) == (1, "")
    assert f"job {job['id']}" in again.err
    matchday("jobs", "cancel", job["id"])
    assert "follow it with: matchday jobs watch" in matchday("schedules", "run", "nightly").err


def test_a_schedule_is_deleted(matchday: Command) -> None:
    matchday("schedules", "create", *NIGHTLY)
    assert "schedule nightly is deleted" in matchday("schedules", "delete", "nightly").err
    assert json.loads(matchday("schedules", "list", "--json").out) == {"items": []}
    gone = matchday("schedules", "delete", "nightly", "--json")
    assert (gone.code, gone.out) == (1, "")


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        ((), 2, "say when"),
        (("--cron", "* * * * *", "--every", "1m"), 2, "say when"),
        (("--min", "1m"), 2, "--min and --max go together"),
        (("--every", "ten"), 2, "write a period such as 30s"),
        (("--every", "1m", "-p", "x"), 2, "name=value"),
        (("--cron", "61 * * * *"), 1, "the minute '61' is not valid: write 0 to 59"),
        (("--cron", "* * * * *", "--time-zone", "Mars"), 1, "IANA name"),
        (("--every", "1m", "-p", "days=1"), 1, "/params/days"),
    ],
)
def test_a_wrong_schedule_is_refused_in_one_line(
    matchday: Command, options: tuple[str, ...], code: int, told: str
) -> None:
    ran = matchday("schedules", "create", "wrong", "cleanup", *options)
    assert (ran.code, ran.out) == (code, "")
    assert told in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("name", ["unknown", "a/b", "..", "Ü"])
def test_an_unknown_schedule_is_refused(matchday: Command, name: str) -> None:
    for action in ("show", "pause", "resume", "run", "delete"):
        ran = matchday("schedules", action, name)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.count("\n") == 1
