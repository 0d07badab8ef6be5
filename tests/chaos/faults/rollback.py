"""A transaction that is rolled back after it has added a job."""

import asyncio

from jobs import service
from store.database import Database
from tests.chaos.handlers import LoopHandler, Params
from tests.chaos.stage import stage
from tests.chaos.verdict import Form, Verdict


class _ChangedMind(Exception):
    pass


def run(form: Form) -> Verdict:
    """No job, and the jobs of the others go on."""
    rounds = form.pick(20, 200)
    with stage() as place:
        place.worker(concurrency=10)
        dropped = asyncio.run(_add_and_roll_back(place.url, rounds))
        place.submit(LoopHandler, *[Params()] * rounds)
        place.settle()
        ((rows,),) = place.rows("select count(*) from job_queue where id = any(%s)", dropped)
        ran = sum(event.job_id in set(dropped) for event in place.journal.events())
        return place.judge(
            "a transaction rolled back after it added a job: no job",
            f"{rows} rows, {ran} runs of {len(dropped)} jobs rolled back",
            rounds,
            kept=not rows and not ran,
        )


async def _add_and_roll_back(url: str, count: int) -> list[int]:
    database = Database(url, process="chaos")
    ids = []
    for _ in range(count):
        try:
            async with database.transaction() as conn:
                ids.append(await service.submit(conn, LoopHandler, Params()))
                raise _ChangedMind
        except _ChangedMind:
            pass
    await database.close()
    return ids
