"""Children of one warm server, whose exit codes are not lost whichever thread looks first."""

import os
import threading
from multiprocessing import popen_forkserver
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.process import BaseProcess


class _Popen(popen_forkserver.Popen):
    """The exit code can be read from its pipe once, and every start of a child looks at all the others.

    Two threads at it, and the second finds the pipe empty, and takes the code for 255.
    """

    def __init__(self, process: BaseProcess) -> None:
        self._reading = threading.Lock()
        super().__init__(process)

    def poll(self, flag: int = os.WNOHANG) -> int | None:
        if flag != os.WNOHANG and self.returncode is None:
            wait([self.sentinel])
        with self._reading:
            return super().poll(os.WNOHANG)


class Process(ForkServerProcess):
    @staticmethod
    def _Popen(process_obj: BaseProcess) -> _Popen:
        return _Popen(process_obj)


class _Context(ForkServerContext):
    Process = Process


FORKSERVER = _Context()
