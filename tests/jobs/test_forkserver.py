"""How a child ended is known, whatever other threads do at that moment."""

import multiprocessing.forkserver
import os
import threading
import time
from multiprocessing.connection import wait

import pytest

from jobs.forkserver import FORKSERVER


def test_the_exit_code_of_a_child_is_kept_while_another_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    read = multiprocessing.forkserver.read_signed

    def read_slowly(descriptor: int) -> object:
        time.sleep(0.2)  # so that both threads have seen that there is a code to read
        return read(descriptor)

    child = FORKSERVER.Process(target=os._exit, args=(7,))
    child.start()
    monkeypatch.setattr(multiprocessing.forkserver, "read_signed", read_slowly)
    waiting = threading.Thread(target=child.join)
    waiting.start()
    other = FORKSERVER.Process(target=int)
    wait([child.sentinel])
    other.start()
    waiting.join()
    other.join()
    assert (child.exitcode, other.exitcode) == (7, 0)
