"""Handlers that cannot be asked to stop: one ignores SIGTERM, one holds the GIL in a C loop."""

import asyncio
import time

from jobs import service
from store.database import Database
from tests.chaos.handlers import DeafHandler, EndlessHandler, Params
from tests.chaos.patience import until
from tests.chaos.stage import Stage, stage
from tests.chaos.verdict import Form, Verdict

MODES = ("deaf", "gil")
SECONDS_OVER = 1.0
CANCEL_SECONDS = 6.0


def at_the_deadline(form: Form) -> Verdict:
    """Killed at its deadline, within 1 s; a slot is free again."""
    rounds = form.pick(1, 5)
    with stage() as place:
        place.worker(concurrency=4)
        ids = []
        for _ in range(rounds):
            ids += [
                place.submit(DeafHandler, Params(mode=mode), expected=frozenset({"failed"}))[0]
                for mode in MODES
            ]
            place.settle()
        over = [seconds - DeafHandler.timeout.total_seconds() for seconds in _durations(place, ids)]
        kinds = place.rows("select distinct error_kind from job_queue where id = any(%s)", ids)
        return place.judge(
            "a handler that ignores SIGTERM or holds the GIL is killed within 1 s of its deadline",
            f"over by max {max(over):.2f} s",
            len(ids),
            kept=max(over) <= SECONDS_OVER and kinds == [("timeout",)],
        )


def on_cancel(form: Form) -> Verdict:
    """A handler that ignores a cancel is gone within 6 s of it."""
    rounds = form.pick(1, 5)
    with stage() as place:
        place.worker(concurrency=4)
        seconds = [_cancel(place, mode) for _ in range(rounds) for mode in MODES]
        return place.judge(
            "a handler that ignores its cancel is gone within 6 s",
            f"gone after max {max(seconds):.2f} s",
            len(seconds),
            kept=max(seconds) <= CANCEL_SECONDS,
        )


def _cancel(place: Stage, mode: str) -> float:
    (job_id,) = place.submit(EndlessHandler, Params(mode=mode), expected=frozenset({"cancelled"}))
    began = place.wait_for("begin", job_id)
    asked_at = time.monotonic()
    asyncio.run(_ask(place.url, job_id))
    gone_at = until(f"process {began.pid} is gone", 30, lambda: place.deaths().get(began.pid))
    place.settle()
    return gone_at - asked_at


async def _ask(url: str, job_id: int) -> None:
    database = Database(url, process="chaos")
    async with database.transaction() as conn:
        await service.cancel(conn, job_id)
    await database.close()


def _durations(place: Stage, ids: list[int]) -> list[float]:
    rows = place.rows(
        "select extract(epoch from finished_at - started_at)::float8 from job_runs where job_id = any(%s)",
        ids,
    )
    return [row[0] for row in rows]
