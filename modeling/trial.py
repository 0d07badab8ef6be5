"""Tries artifacts in a process of their own: a loader that crashes, hangs or eats memory harms nobody."""

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from signal import Signals

from modeling.kinds import KINDS
from modeling.model import Model
from modeling.parts import Part
from modeling.trial_child import UNUSABLE, USABLE, framed

# Loading the libraries is most of it: seconds where nothing else runs, many where much does.
LIMIT = timedelta(seconds=60)
MEMORY_MB = 1_500
# Neither the settings nor the database's password: the child needs no more than to find its libraries.
PASSED_ON = ("HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "TMPDIR")


@dataclass(frozen=True)
class Trial:
    """Whether the artifacts may be loaded here; if not, which one is at fault and why, in one line."""

    usable: bool
    reason: str = ""


async def try_parts(parts: Sequence[Part]) -> Trial:
    """Tries all that a model consists of, in one child: to load the libraries takes longer than the rest."""
    kinds = [KINDS[part.name] for part in parts]
    return await try_artifacts(kinds, [part.artifact for part in parts])


async def try_artifacts(
    kinds: Sequence[type[Model]],
    artifacts: Sequence[bytes],
    *,
    limit: timedelta = LIMIT,
    memory_mb: int = MEMORY_MB,
) -> Trial:
    """Loads the bytes as models of the kinds, asks each for one match, in a child that may fail in any way.

    The child has the time and memory given, its libraries included. It stays in the caller's process group
    and ends by itself if the caller dies.
    """
    seconds = limit.total_seconds()
    named = [f"{kind.__module__}:{kind.__qualname__}" for kind in kinds]
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "modeling.trial_child", str(seconds), str(memory_mb), *named),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_environment(),
    )
    try:
        async with asyncio.timeout(seconds):
            said, _ = await child.communicate(b"".join(map(framed, artifacts)))
    except TimeoutError:
        return Trial(False, f"it takes more than {seconds:g} seconds")
    finally:
        if child.returncode is None:
            child.kill()
            await child.communicate()
    return _judged(child.returncode, said.decode(errors="replace"), [kind.name for kind in kinds], seconds)


def _environment() -> dict[str, str]:
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    # One thread: the memory that is counted is then the model's, and no core is taken from others.
    return passed | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}


def _judged(code: int | None, said: str, names: Sequence[str], seconds: float) -> Trial:
    *usable, last = said.split(USABLE)
    if code == 0 and len(usable) == len(names) and not last:
        return Trial(True)
    reason = _reason(code, last, seconds)
    # Those before it were usable.
    return Trial(False, f"{names[len(usable)]}: {reason}" if len(usable) < len(names) else reason)


def _reason(code: int | None, last: str, seconds: float) -> str:
    if code == 0 and last.startswith(UNUSABLE):
        return last.removeprefix(UNUSABLE)
    if code == -Signals.SIGALRM:
        return f"it takes more than {seconds:g} seconds"
    if code is not None and code < 0:
        return f"its process was killed by {Signals(-code).name}"
    return f"its process ended with code {code} and no answer"
