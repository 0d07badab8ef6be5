"""`matchday queues`, `matchday workers` and `matchday jobs cancel` by filter, against a real API."""

import json

from tests.cli.conftest import Command
from tests.cli.test_jobs import LATER, submitted


def queue(matchday: Command, name: str) -> dict[str, object]:
    items = json.loads(matchday("queues", "list", "--json").out)["items"]
    return next(item for item in items if item["name"] == name)


def test_queues_are_listed_for_people_and_for_programs(matchday: Command) -> None:
    submitted(matchday)
    assert (queue(matchday, "cpu")["pending"], queue(matchday, "cpu")["scheduled"]) == (1, 1)
    lines = matchday("queues", "list").out.splitlines()
    assert lines[0].split()[:4] == ["queue", "status", "pending", "scheduled"]
    assert ["cpu", "active", "1", "1"] in [line.split()[:4] for line in lines]


def test_a_queue_is_paused_and_resumed(matchday: Command) -> None:
    paused = matchday("queues", "pause", "cpu")
    assert (paused.code, paused.out) == (0, "")
    assert "queue cpu is paused: 0 pending, 0 running" in paused.err
    assert queue(matchday, "cpu")["status"] == "paused"
    assert json.loads(matchday("queues", "resume", "cpu", "--json").out)["status"] == "active"
    assert queue(matchday, "cpu")["status"] == "active"


def test_an_unknown_queue_is_refused(matchday: Command) -> None:
    for name in ("cpuu", "a/b"):
        ran = matchday("queues", "pause", name)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.count("\n") == 1


def test_without_a_worker_the_list_is_empty(matchday: Command) -> None:
    assert json.loads(matchday("workers", "--json").out) == {"items": []}
    assert matchday("workers").out.split()[:3] == ["id", "worker", "status"]


def test_a_worker_is_shown(matchday: Command, one_worker: None) -> None:
    assert matchday("jobs", "submit", "cleanup", "--watch").code == 0
    [worker] = json.loads(matchday("workers", "--json").out)["items"]
    assert worker["status"] == "alive"
    assert worker["heartbeat_age_seconds"] < 60
    assert f"{worker['name']}  alive" in matchday("workers").out


def test_jobs_are_cancelled_by_a_filter(matchday: Command) -> None:
    kept = json.loads(matchday("jobs", "submit", "cleanup", *LATER, "--json").out)["id"]
    ids = [submitted(matchday) for _ in range(3)]
    ran = matchday("jobs", "cancel", "--type", "prediction_generation", "--status", "pending", "--json")
    assert json.loads(ran.out) == {"matched": 3, "cancelled": 3, "asked": 0, "skipped": 0}
    pending = json.loads(matchday("jobs", "list", "--status", "pending", "--json").out)["items"]
    assert [job["id"] for job in pending] == [kept]
    assert [json.loads(matchday("jobs", "show", one, "--json").out)["status"] for one in ids] == [
        "cancelled"
    ] * 3


def test_several_jobs_are_cancelled_by_their_ids(matchday: Command) -> None:
    ids = [submitted(matchday) for _ in range(3)]
    ran = matchday("jobs", "cancel", *ids[:2], "--queue", "cpu", "--since", "1h")
    assert ran.code == 0
    assert "2 jobs found: 2 cancelled, 0 asked to stop, 0 skipped" in ran.err
    again = matchday("jobs", "cancel", *ids)
    assert again.code == 1
    assert "1 jobs found: 1 cancelled" in again.err
    assert "2 of these jobs could not be cancelled: finished, unknown or not in the filter" in again.err


def test_a_cancel_of_nothing_in_particular_is_wrong_usage(matchday: Command) -> None:
    job_id = submitted(matchday)
    for options in ((), ("--status", "completed"), ("0",)):
        ran = matchday("jobs", "cancel", *options)
        assert (ran.code, ran.out) == (2, "")
    assert json.loads(matchday("jobs", "show", job_id, "--json").out)["status"] == "pending"
