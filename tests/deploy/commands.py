"""Asks the command itself whether it has a command."""

import sys
from collections.abc import Sequence
from subprocess import run


def is_command(words: Sequence[str]) -> bool:
    """Whether `matchday ...` would be understood."""
    program, *arguments = words
    done = run([sys.executable, "-m", "cli.main", *arguments, "--help"], capture_output=True, check=False)
    return program == "matchday" and done.returncode == 0
