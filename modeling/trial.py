"""Tries an artifact in a process of its own: a loader that crashes, hangs or eats memory harms nobody."""

import asyncio
import os
import sys
from dataclasses import dataclass
from datetime import timedelta
from signal import Signals

from modeling.model import Model
from modeling.trial_child import UNUSABLE, USABLE

# Loading the libraries is most of it: seconds where nothing else runs, many where much does.
LIMIT = timedelta(seconds=60)
MEMORY_MB = 1_500
# Neither the settings nor the database's password: the child needs no more than to find its libraries.
PASSED_ON = ("HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "TMPDIR")


@dataclass(frozen=True)
class Trial:
    """Whether the artifact may be loaded here; if not, why, in one line."""

    usable: bool
    reason: str = ""


async def try_artifact(
    kind: type[Model], artifact: bytes, *, limit: timedelta = LIMIT, memory_mb: int = MEMORY_MB
) -> Trial:
    """Loads the bytes as a model of the kind and asks it for one match, in a child that may fail in any way.

    The child has the time and memory given, its libraries included. It stays in the caller's process group
    and ends by itself if the caller dies.
    """
    seconds = limit.total_seconds()
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "modeling.trial_child"),
        *(f"{kind.__module__}:{kind.__qualname__}", str(seconds), str(memory_mb)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_environment(),
    )
    try:
        async with asyncio.timeout(seconds):
            said, _ = await child.communicate(artifact)
    except TimeoutError:
        return Trial(False, f"it takes more than {seconds:g} seconds")
    finally:
        if child.returncode is None:
            child.kill()
            await child.communicate()
    return _judged(child.returncode, said.decode(errors="replace"), seconds)


def _environment() -> dict[str, str]:
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    # One thread: the memory that is counted is then the model's, and no core is taken from others.
    return passed | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}


def _judged(code: int | None, said: str, seconds: float) -> Trial:
    if code == 0 and said == USABLE:
        return Trial(True)
    if code == 0 and said.startswith(UNUSABLE):
        return Trial(False, said.removeprefix(UNUSABLE))
    if code == -Signals.SIGALRM:
        return Trial(False, f"it takes more than {seconds:g} seconds")
    if code is not None and code < 0:
        return Trial(False, f"its process was killed by {Signals(-code).name}")
    return Trial(False, f"its process ended with code {code} and no answer")
