"""The other side of a trial: loads the artifacts on standard input, within limits that the kernel keeps."""

import os
import resource
import signal
import sys
from importlib import import_module

USABLE = "usable\n"
UNUSABLE = "unusable: "
LONGEST_REASON = 300
LENGTH_BYTES = 8


def main(seconds: str, memory_mb: str, *kinds: str) -> None:
    """A kind is `module:class`. Answers of each artifact with a word, of the first bad one with a reason."""
    answer = _private_output()
    _limit(float(seconds), int(memory_mb))
    for kind in kinds:
        verdict = _verdict(kind, memory_mb)
        os.write(answer, verdict.encode())
        if verdict != USABLE:
            break
    # Nothing that a library does at exit may spoil an answer that was given.
    os._exit(0)


def framed(artifact: bytes) -> bytes:
    """The artifact as it is sent: its length goes before it."""
    return len(artifact).to_bytes(LENGTH_BYTES, "big") + artifact


def _private_output() -> int:
    """Standard output, under another number: what a library prints must not be taken for an answer."""
    answer, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    return answer


def _limit(seconds: float, memory_mb: int) -> None:
    memory = memory_mb * 1_000_000
    # Data, not address space: that counts what threads only reserve.
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Ends the process in native code too, and when the caller is gone.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _verdict(kind: str, memory_mb: str) -> str:
    try:
        module, _, name = kind.partition(":")
        model = getattr(import_module(module), name).from_bytes(_next_artifact())
        if model.answers():
            return USABLE
    except MemoryError:
        return f"{UNUSABLE}it needs more than {memory_mb} MB"
    except Exception as error:  # noqa: BLE001 - whatever it raises, it is of no use
        lines = str(error).splitlines() or [""]
        return f"{UNUSABLE}{type(error).__name__}: {lines[0][:LONGEST_REASON]}"
    return f"{UNUSABLE}its probabilities are none"


def _next_artifact() -> bytes:
    length = int.from_bytes(sys.stdin.buffer.read(LENGTH_BYTES), "big")
    return sys.stdin.buffer.read(length)


if __name__ == "__main__":
    main(*sys.argv[1:])
