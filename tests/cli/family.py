"""A parent with children, for tests to signal: `python -m tests.cli.family FOLDER GRACE_SECONDS KINDS...`.

Each kind is a child: `calm` ends on SIGTERM, `stubborn` does not, `dying` ends by itself with code 7.
"""

import sys
from pathlib import Path

from cli.processes import Children, ProcessEnded
from cli.stopping import Stopping, ToldToStop

SAYS_WHEN_IT_ENDS = """
import signal, sys, time
def end(*_): print("calm", sys.argv[1], "ended", flush=True); sys.exit()
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
while True: time.sleep(60)
"""
IGNORES_SIGTERM = """
import signal, time
signal.signal(signal.SIGTERM, lambda *_: print("asked to end", flush=True))
print("up", flush=True)
while True: time.sleep(60)
"""
DIES = 'import sys; print("up", flush=True); print("the reason", file=sys.stderr); sys.exit(7)'
PROGRAMS = {"calm": SAYS_WHEN_IT_ENDS, "stubborn": IGNORES_SIGTERM, "dying": DIES}


def main(folder: Path, grace_seconds: float, kinds: list[str]) -> int:
    try:
        with Stopping() as stopping, Children(stopping) as children:
            for place, kind in enumerate(kinds):
                children.start(
                    kind,
                    [sys.executable, "-c", PROGRAMS[kind], str(place)],
                    environment={},
                    log=folder / "log",
                    grace_seconds=grace_seconds,
                )
            children.wait()
    except ToldToStop as told:
        return told.exit_code
    except ProcessEnded as ended:
        sys.stdout.write(f"{ended}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]))
