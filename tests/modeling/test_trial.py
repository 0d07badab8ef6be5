"""A trial survives whatever a loader does, and leaves no process behind."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import cast

import psutil
import pytest

from modeling.calibration import Calibration
from modeling.kinds import KINDS
from modeling.model import Model
from modeling.parts import Part
from modeling.trial import Trial, try_artifacts, try_parts
from tests.modeling import unruly_kinds
from tests.modeling.invented import WITH_ODDS

SHORT = timedelta(seconds=0.7)


@pytest.fixture(autouse=True)
def no_child_is_left() -> Iterator[None]:
    before = set(psutil.Process().children(recursive=True))
    yield
    assert set(psutil.Process().children(recursive=True)) <= before


async def trial_of(kind: type, artifact: bytes = b"", limit: timedelta = timedelta(seconds=60)) -> Trial:
    """Of one artifact; the reason without the kind's name."""
    one = cast("type[Model]", type(kind.__name__, (kind,), {"name": "it", "__module__": kind.__module__}))
    trial = await try_artifacts([one], [artifact], limit=limit, memory_mb=300)
    return Trial(trial.usable, trial.reason.removeprefix("it: "))


PARTS = [Part(name, kind.fit(WITH_ODDS).to_bytes(Calibration())) for name, kind in KINDS.items()]


async def test_artifacts_of_every_kind_are_usable() -> None:
    assert await try_parts(PARTS) == Trial(True)


async def test_the_first_of_several_that_is_of_no_use_is_named() -> None:
    good, bad = PARTS[0], Part("dixon_coles", b"{}")
    told = await try_parts([good, bad, good])
    assert not told.usable
    assert told.reason.startswith("dixon_coles: ArtifactUnusable: not a matchday.dixon_coles")


async def test_a_model_that_loads_and_answers_is_usable() -> None:
    assert await trial_of(unruly_kinds.Silent, b"good") == Trial(True)


async def test_a_model_that_gives_no_probabilities_is_not() -> None:
    assert await trial_of(unruly_kinds.Silent, b"bad") == Trial(False, "its probabilities are none")


async def test_an_error_is_its_first_line() -> None:
    assert await trial_of(unruly_kinds.Refuses) == Trial(False, "ValueError: no model")


async def test_a_crash_is_told_by_its_signal() -> None:
    assert await trial_of(unruly_kinds.Crashes) == Trial(False, "its process was killed by SIGSEGV")


@pytest.mark.parametrize("code", [0, 7])
async def test_a_process_that_ends_without_an_answer_has_not_loaded(code: int) -> None:
    told = await trial_of(unruly_kinds.Leaves, str(code).encode())
    assert told == Trial(False, f"its process ended with code {code} and no answer")


async def test_what_a_loader_prints_is_no_answer() -> None:
    assert not (await trial_of(unruly_kinds.PretendsAndLeaves)).usable


@pytest.mark.parametrize("kind", [unruly_kinds.Sleeps, unruly_kinds.Spins])
async def test_a_loader_that_never_ends_is_ended(kind: type) -> None:
    assert await trial_of(kind, limit=SHORT) == Trial(False, "it takes more than 0.7 seconds")


async def test_a_loader_that_eats_memory_is_ended() -> None:
    assert await trial_of(unruly_kinds.Eats) == Trial(False, "it needs more than 300 MB")


async def test_an_artifact_that_nobody_reads_is_no_error() -> None:
    nowhere = type("Nowhere", (), {"__module__": "nowhere"})
    told = await trial_of(nowhere, bytes(5_000_000))
    assert told == Trial(False, "ModuleNotFoundError: No module named 'nowhere'")


async def test_the_loader_sees_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "PGPASSWORD", "ARTIFACTS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "hunter2")
    seen = (await trial_of(unruly_kinds.Tells)).reason
    assert "PYTHONPATH" in seen
    assert not any(name in seen for name in ("DATABASE_URL", "PGPASSWORD", "ARTIFACTS"))


async def test_who_waits_for_a_trial_can_be_cancelled(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pid")
    trial = asyncio.create_task(trial_of(unruly_kinds.Lasts, str(tmp_path / "pid").encode()))
    child = int(await asyncio.to_thread((tmp_path / "pid").read_text))
    trial.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trial
    assert not psutil.pid_exists(child)


def test_a_child_ends_by_itself_when_nobody_waits_for_it() -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "modeling.trial_child", "0.5", "300", "tests.modeling.unruly_kinds:Sleeps"],
        stdin=subprocess.DEVNULL,
        env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert child.wait(30) == -signal.SIGALRM
