"""`matchday pipelines ...` against a real API, with and without a worker."""

import io
import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command
from tests.cli.processes import LONGEST_WAIT

# The second one fails: there is nothing to predict from, and no model.
STEPS = {
    "steps": [
        {"name": "tidy", "type": "cleanup"},
        {"name": "predict", "type": "prediction_generation", "after": ["tidy"]},
        {
            "name": "last",
            "type": "prediction_generation",
            "params": {"horizon_days": 3},
            "after": ["predict"],
        },
    ]
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "steps.json"
    path.write_text(json.dumps(STEPS))
    return path


def shown(matchday: Command, pipeline_id: int) -> dict[str, Any]:
    ran = matchday("pipelines", "show", pipeline_id, "--json")
    assert ran.code == 0, ran.err
    body: dict[str, Any] = json.loads(ran.out)
    return body


def test_a_pipeline_is_added_from_a_file_and_shown(matchday: Command, file: Path) -> None:
    ran = matchday("pipelines", "submit", file)
    assert (ran.code, ran.out) == (0, "")
    assert "pipeline 1 has 3 steps; see it with: matchday pipelines show 1" in ran.err
    table = matchday("pipelines", "show", 1)
    assert "pipeline 1 is pending" in table.err
    lines = [line.split() for line in table.out.splitlines()]
    assert lines[0][:4] == ["job", "step", "type", "status"]
    assert lines[2][:6] == ["2", "predict", "prediction_generation", "pending", "0%", "tidy"]


def test_a_pipeline_is_read_from_standard_input(matchday: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(STEPS)))
    pipeline = json.loads(matchday("pipelines", "submit", "-", "--json").out)
    assert [step["after"] for step in pipeline["steps"]] == [[], ["tidy"], ["predict"]]


def test_a_pipeline_is_cancelled_and_resumed(matchday: Command, file: Path) -> None:
    matchday("pipelines", "submit", file)
    assert "pipeline 1 is cancelled" in matchday("pipelines", "cancel", 3).err
    assert "pipeline 1 is pending again" in matchday("pipelines", "retry", 1).err
    assert json.loads(matchday("pipelines", "cancel", 1, "--json").out)["status"] == "cancelled"
    refused = matchday("pipelines", "cancel", 1)
    assert (refused.code, refused.out) == (1, "")
    assert "pipeline 1 is cancelled: only one with pending or running steps" in refused.err


def test_the_steps_run_until_one_fails(matchday: Command, file: Path, one_worker: None) -> None:
    matchday("pipelines", "submit", file)
    deadline = time.monotonic() + LONGEST_WAIT
    while (pipeline := shown(matchday, 1))["status"] in ("pending", "running"):
        assert time.monotonic() < deadline, pipeline
        time.sleep(0.05)
    statuses = {step["name"]: step["status"] for step in pipeline["steps"]}
    assert statuses == {"tidy": "completed", "predict": "failed", "last": "cancelled"}
    assert pipeline["status"] == "failed"
    results = matchday("pipelines", "show", 1, "--results").out
    assert '{"deleted": 0, "keys_deleted": 0, ' in results


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("{", 2, "is no JSON"),
        ("[]", 2, "must hold a JSON object"),
        ('{"steps": []}', 1, "/steps"),
        ('{"steps": [{"name": "a", "type": "cleanup", "after": ["b"]}]}', 1, "there is no step named b"),
    ],
)
def test_what_is_no_pipeline_is_refused_in_one_line(
    matchday: Command, file: Path, text: str, code: int, told: str
) -> None:
    file.write_text(text)
    ran = matchday("pipelines", "submit", file)
    assert (ran.code, ran.out, ran.err.count("\n")) == (code, "", 1)
    assert told in ran.err


def test_a_file_that_is_not_there_is_wrong_usage(matchday: Command, tmp_path: Path) -> None:
    ran = matchday("pipelines", "submit", tmp_path / "none.json")
    assert (ran.code, ran.err.count("\n")) == (2, 1)


def test_an_unknown_pipeline_is_told(matchday: Command) -> None:
    for action in ("show", "cancel", "retry"):
        ran = matchday("pipelines", action, 99)
        assert (ran.code, ran.out) == (1, "")
        assert "there is no job 99" in ran.err
