"""Job types that cannot be imported, as after half a deploy: the job goes back, and is told why."""

import sys
from pathlib import Path

import pytest

from config.settings import Settings
from jobs.outcome import NO_HANDLER
from jobs.processes import Processes
from jobs.progress import ProgressBoard
from jobs.supervisor import Attempt, Supervisor
from jobs.vitals import Vitals
from jobs.worker import main
from store.database import Database
from tests.engine import ModeParams, ProcessHandler

pytestmark = pytest.mark.anyio


async def test_a_child_that_cannot_import_its_handler_fails_no_job(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ProcessHandler, "__module__", "handlers.not_deployed_yet")
    vitals, board = Vitals(), ProgressBoard(database)
    vitals["beaten_at"] = float("inf")
    processes = Processes(1, (), vitals)
    supervisor = Supervisor(database, Settings(database_url=database.url), board, processes)
    end = await supervisor.run(ProcessHandler, Attempt(7, 1, ModeParams().model_dump()))
    assert end == NO_HANDLER
    told = board.take(7, 1)
    assert told is not None
    assert f"no handler for {ProcessHandler.job_type} in this worker" in told.message
    assert "not_deployed_yet" in told.message


def test_a_worker_whose_job_types_cannot_be_imported_says_where_and_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "half_deployed.py").write_text("\nraise RuntimeError('no such column')\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert main(["--handlers", "half_deployed"]) == 2
    said = capsys.readouterr().err
    assert "no job types from half_deployed: RuntimeError: no such column" in said
    assert "half_deployed.py, line 2" in said
