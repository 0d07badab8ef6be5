"""Listens to the queue's notifications on a direct connection: new jobs, and cancelled ones."""

import asyncio
import json
from collections.abc import Callable, Sequence

import psycopg
import structlog
from psycopg import sql

from store.database import conninfo

LONGEST_RECONNECT_WAIT = 5.0

log = structlog.get_logger()


class Listener:
    """Calls `on_ready` when jobs may be there, `on_cancel` with a job that a user has cancelled."""

    def __init__(
        self,
        url: str,
        queues: Sequence[str],
        on_ready: Callable[[], None],
        on_cancel: Callable[[Sequence[int]], None],
    ) -> None:
        self._url, self._on_ready, self._on_cancel = url, on_ready, on_cancel
        self._channels = [f"procrastinate_queue_v1#{queue}" for queue in queues] or [
            "procrastinate_any_queue_v1"
        ]

    async def run(self) -> None:
        """Listens until it is cancelled; a lost connection is made again, what was missed looked up."""
        wait = 0.1
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    conninfo(self._url, "worker listens"), autocommit=True
                ) as conn:
                    for channel in self._channels:
                        await conn.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
                    wait = 0.1
                    self._on_ready()
                    async for notification in conn.notifies():
                        self._hear(notification.payload)
            except psycopg.OperationalError as error:
                log.warning("listener_lost_database", error=" ".join(str(error).split()))
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_RECONNECT_WAIT)

    def _hear(self, payload: str) -> None:
        message = json.loads(payload)
        if message["type"] == "abort_job_requested":
            self._on_cancel([message["job_id"]])
        else:
            self._on_ready()
