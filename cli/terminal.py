"""Where output goes: results to standard output, everything else to standard error. NO_COLOR is respected."""

import json
import sys
from typing import Any

from rich.console import Console
from rich.text import Text

# A table that is not shown to a person is read line by line: its lines must not be cut at 80 characters.
WIDTH_OF_PIPES = 200


def results() -> Console:
    return Console(width=None if sys.stdout.isatty() else WIDTH_OF_PIPES, highlight=False)


def notes() -> Console:
    return Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else WIDTH_OF_PIPES)


def print_json(value: Any) -> None:
    """One line, nothing else, at once: programs read it."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def plain(text: str) -> str:
    """The text without anything that could steer the terminal: messages come from handlers and their data."""
    return "".join(character if character.isprintable() else " " for character in text)


def cell(text: object, style: str = "") -> Text:
    """A table's cell that shows the text as it is, markup included."""
    return Text(plain(str(text)), style=style)
