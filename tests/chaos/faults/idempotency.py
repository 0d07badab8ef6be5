"""One Idempotency-Key from many clients at the same moment."""

import asyncio
import uuid
from collections import Counter
from typing import Any

import httpx2 as httpx

from tests.chaos.api import NEW_JOB, api
from tests.chaos.stage import stage
from tests.chaos.verdict import Form, Verdict

CLIENTS = 50


def run(form: Form) -> Verdict:
    """One job; every client is told the same one, or to wait; the key with another body is refused."""
    rounds = form.pick(1, 20)
    with stage() as place, api(place) as url:
        rows, answers, wrong = 0, Counter[int](), 0
        for _ in range(rounds):
            key = str(uuid.uuid4())
            told = asyncio.run(_ask_at_once(url, key))
            answers.update(answer.status_code for answer in told)
            ids = {answer.json()["id"] for answer in told if answer.status_code == 202}
            other = httpx.post(f"{url}/api/jobs", json={**NEW_JOB, "priority": 2}, headers=_headers(key))
            wrong += other.status_code != 422
            rows += len(ids)
        ((stored,),) = place.rows("select count(*) from job_queue")
        return place.judge(
            f"one Idempotency-Key from {CLIENTS} clients at once: one job",
            f"{stored} jobs for {rounds} keys, answers {dict(answers)}, {wrong} other bodies not refused",
            rounds,
            kept=stored == rows == rounds and set(answers) <= {202, 409} and not wrong,
        )


async def _ask_at_once(url: str, key: str) -> list[Any]:
    async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=CLIENTS)) as client:
        asking = [client.post(f"{url}/api/jobs", json=NEW_JOB, headers=_headers(key)) for _ in range(CLIENTS)]
        return await asyncio.gather(*asking)


def _headers(key: str) -> dict[str, str]:
    return {"Idempotency-Key": f'"{key}"'}
