"""The commands of docs/queue.md, one after the other, against a real API."""

import shlex

from tests.cli.conftest import Command
from tests.docs.test_queue_page import blocks


def test_the_commands_of_the_page_work(matchday: Command) -> None:
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("matchday")]
    for line in lines:
        ran = matchday(*shlex.split(line)[1:])
        assert ran.code == 0, (line, ran.err)
    assert len(lines) == 11
