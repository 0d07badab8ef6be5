"""A process that makes calls at once through a gate: `python -m tests.handlers.gate_caller URL CALLS`."""

import asyncio
import sys
from datetime import timedelta

from handlers.steps.provider_gate import ProviderGate
from providers.catalogue import CallLimit
from store.database import Database

LIMIT = CallLimit("tested", 5, timedelta(seconds=0.3))


async def call(url: str, calls: int) -> None:
    database = Database(url, process="caller", pool_size=10)
    await asyncio.gather(*(ProviderGate(database, "tested", LIMIT).enter() for _ in range(calls)))
    await database.close()


if __name__ == "__main__":
    asyncio.run(call(sys.argv[1], int(sys.argv[2])))
