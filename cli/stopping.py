"""Ctrl-C and SIGTERM while child processes run: the first ends the work, the next ones hurry the end."""

import signal
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ToldToStop(BaseException):
    """A signal asked for the end. No Exception, so that nothing on the way takes it for a failure."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


class Stopping:
    """While entered, the first signal raises ToldToStop in the main thread."""

    def __init__(self) -> None:
        self.is_urgent = False
        self._may_raise = True
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in SIGNALS:
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # nohup stays nohup
            self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, ToldToStop):
            return  # the process is about to end: one signal more must not interrupt that
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def begin(self) -> None:
        """The end has begun: a signal from now on must not interrupt it, only make it faster."""
        self._may_raise = False

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if self._may_raise:
            self._may_raise = False
            raise ToldToStop(number)
        self.is_urgent = True
