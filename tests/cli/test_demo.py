"""`matchday demo`: the main job, end to end, on real data."""

import json
import re
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cli.client import Api
from tests.cli.processes import LONGEST_WAIT, start, wait_until
from tests.cli.small_league import write_league
from tests.engine.worker import survivors

LONGEST_DEMO = 280


ADDRESS = re.compile(r"stays up at (http://\S+)")


@pytest.fixture
def small_league(tmp_path: Path) -> Path:
    return write_league(tmp_path / "league")


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Where the demo puts its temporary folders: short, for sockets, and open to the server's user."""
    with tempfile.TemporaryDirectory(prefix="md-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.timeout(300)
def test_it_ends_with_a_summary_computed_from_the_tables(temporary: Path, tmp_path: Path) -> None:
    process = start("cli.main", "demo", "--json", log=tmp_path / "log", TMPDIR=str(temporary))
    told, _ = process.communicate(timeout=LONGEST_DEMO)
    log = (tmp_path / "log").read_text()
    assert process.returncode == 0, log
    summary = json.loads(told.splitlines()[-1])
    assert summary["matches"] > 14_000
    names = {"elo_logit", "dixon_coles", "dynamic_poisson", "random_forest", "xgboost", "ensemble"}
    assert {model["name"] for model in summary["models"]} == names
    assert all(0.9 < model["log_loss"] < 1.08 for model in summary["models"])
    assert all(0 < model["brier"] < 0.667 for model in summary["models"])
    assert all(model["accuracy"] > 0.4 for model in summary["models"])
    assert summary["predictions"] >= 10
    assert [step["name"] for step in summary["steps"]] == ["ingest", "features", "train", "predict"]
    assert sum(step["seconds"] for step in summary["steps"]) <= summary["job_seconds"] < summary["seconds"]
    assert log.count(" D1 ") == 10
    assert list(temporary.iterdir()) == []


def test_it_stays_up_when_asked_and_ends_with_ctrl_c(
    temporary: Path, tmp_path: Path, small_league: Path
) -> None:
    log = tmp_path / "log"
    process = start(
        "cli.main", "demo", "--data", str(small_league), "--keep", "--json", log=log, TMPDIR=str(temporary)
    )
    wait_until(lambda: ADDRESS.search(log.read_text()) is not None, process)
    address = ADDRESS.search(log.read_text())
    assert address is not None
    with Api(address[1]) as api:
        assert api.job(1).status == "completed"
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=LONGEST_WAIT)
    assert process.returncode == 0
    assert json.loads(told)["matches"] == 2_280


def test_nothing_outlives_a_killed_demo(temporary: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = start("cli.main", "demo", log=log, TMPDIR=str(temporary))
    wait_until(lambda: "data_pipeline of" in log.read_text(), process)
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate(timeout=LONGEST_WAIT)
    assert len(family) >= 4
    assert survivors(family, seconds=15) == []


def test_ctrl_c_stops_the_demo_and_removes_its_folders(temporary: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = start("cli.main", "demo", log=log, TMPDIR=str(temporary))
    wait_until(lambda: "data_pipeline of" in log.read_text(), process)
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=LONGEST_WAIT)
    assert (process.returncode, told) == (130, "")
    assert survivors(family, seconds=0) == []
    assert "Traceback" not in log.read_text()
    assert list(temporary.iterdir()) == []


def test_a_pipeline_that_fails_says_where_and_why(temporary: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    process = start(
        "cli.main", "demo", "--data", str(tmp_path / "data"), log=tmp_path / "log", TMPDIR=str(temporary)
    )
    told, _ = process.communicate(timeout=LONGEST_WAIT)
    assert (process.returncode, told) == (1, "")
    assert (
        "the pipeline failed in step ingest: ProviderUnavailable: football_data: there is no .csv file"
        in (tmp_path / "log").read_text()
    )


def test_data_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    process = start("cli.main", "demo", "--data", str(tmp_path / "nowhere"), log=tmp_path / "log")
    process.communicate(timeout=LONGEST_WAIT)
    assert process.returncode == 2
    assert "there is no such folder" in (tmp_path / "log").read_text()
