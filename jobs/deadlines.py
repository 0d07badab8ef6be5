"""Deadlines of many tasks with one timer: a timer for each would cost more than a short job does."""

import asyncio
from datetime import timedelta

LOOK_SECONDS = 0.05

Task = asyncio.Task[object]


class Deadlines:
    """Cancels each task once when its time is over; the others do not notice."""

    def __init__(self) -> None:
        self._due: dict[Task, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, task: Task, limit: timedelta) -> None:
        """From now on the task has this long."""
        loop = asyncio.get_running_loop()
        self._due[task] = loop.time() + limit.total_seconds()
        if self._timer is None:
            self._timer = loop.call_later(LOOK_SECONDS, self._look)

    def end(self, task: Task) -> bool:
        """The task's work is over; whether it was cancelled here."""
        return self._due.pop(task, None) is None

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for task, due_at in list(self._due.items()):
            if due_at <= now:
                del self._due[task]
                task.cancel()
        self._timer = loop.call_later(LOOK_SECONDS, self._look) if self._due else None
