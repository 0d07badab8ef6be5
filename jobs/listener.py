"""Hears of new jobs, and of cancelled ones; looks for new ones by itself while it cannot hear."""

import asyncio
import json
from collections.abc import Callable, Sequence
from functools import partial

from jobs.heads import NewJobs
from jobs.vitals import Vitals
from store.database import Database
from store.listening import Listening

SECONDS_BETWEEN_POLLS = 0.25


class Listener:
    """Calls `on_ready` when jobs may be there, `on_cancel` with a job that a user has cancelled.

    `on_ready` is told what is known of the jobs, or None: they may be any.
    `url` is the server itself, not a pooler.
    """

    def __init__(
        self,
        database: Database,
        url: str,
        queues: Sequence[str],
        vitals: Vitals,
        on_ready: Callable[[NewJobs | None], None],
        on_cancel: Callable[[Sequence[int]], None],
    ) -> None:
        self._vitals, self._on_ready, self._on_cancel = vitals, on_ready, on_cancel
        channels = [f"procrastinate_queue_v1#{queue}" for queue in queues] or ["procrastinate_any_queue_v1"]
        self._listening = Listening(
            database, url, "worker listens", channels, self._hear, partial(on_ready, None)
        )

    async def run(self) -> None:
        """Until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listening.run())
            group.create_task(self._poll())

    async def _poll(self) -> None:
        """The worker looks each second in any case; that is slow for a platform that always polls."""
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_POLLS)
            self._vitals["polls"] = not self._listening.hears
            if not self._listening.hears:
                self._on_ready(None)

    def _hear(self, payload: str) -> None:
        match _read(payload):
            case {"type": "abort_job_requested", "job_id": int(job_id)}:
                self._on_cancel([job_id])
            case {
                "type": "job_inserted",
                "job_id": int(job_id),
                "queue": str(queue),
                "priority": int(priority),
            }:
                self._on_ready(NewJobs(queue, priority, job_id))
            case _:
                self._on_ready(None)


def _read(payload: str) -> object:
    """Anybody in the database may send anything on these channels."""
    try:
        return json.loads(payload)
    except ValueError:
        return None
