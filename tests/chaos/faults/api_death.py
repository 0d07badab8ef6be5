"""The web process is killed in the middle of requests, and each request is repeated until it is answered."""

import random
import threading
import uuid

import httpx2 as httpx

from store.embedded_processes import free_port
from tests.chaos.api import NEW_JOB
from tests.chaos.patience import pause, until
from tests.chaos.stage import stage
from tests.chaos.verdict import Form, Verdict
from tests.cli.processes import start

CLIENTS = 8
PATIENCE_SECONDS = 60
LONGEST_LIFE_SECONDS = 0.5
WAIT_SECONDS = 0.02


def run(form: Form) -> Verdict:
    """A request that is repeated with its Idempotency-Key after the API has died gives one job."""
    deaths = form.pick(2, 10)
    choices = random.Random(form.seed)  # noqa: S311 - when to kill, no secret
    with stage() as place:
        clients = Clients(free_port())
        for death in range(deaths + 1):
            log = place.folder / f"api-{death}.log"
            process = start("cli.main", "api", "--port", str(clients.port), log=log, DATABASE_URL=place.url)
            clients.wait_for_answers()
            pause(choices.uniform(0, LONGEST_LIFE_SECONDS))
            if death == deaths:
                clients.stop()
            process.kill()
            process.communicate()
        ((jobs, keys),) = place.rows(
            "select (select count(*) from job_queue), (select count(*) from idempotency_keys)"
        )
        promised = len(clients.told)
        return place.judge(
            "the API killed in the middle of requests, each repeated with its Idempotency-Key: one job each",
            f"{promised} requests, {clients.repeated} sent again, {jobs} jobs, {keys} keys",
            deaths,
            kept=jobs == keys == promised == len(set(clients.told.values())) and clients.repeated > 0,
        )


class Clients:
    """Each submits one job after the other, each until it is told its id."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.told: dict[str, int] = {}
        self.repeated = 0
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._submit_on, daemon=True) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def wait_for_answers(self) -> None:
        enough = len(self.told) + CLIENTS
        until("requests are answered", PATIENCE_SECONDS, lambda: len(self.told) >= enough)

    def stop(self) -> None:
        """When each has got its last answer."""
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def _submit_on(self) -> None:
        while not self._ending.is_set():
            key = uuid.uuid4().hex
            while (job_id := self._submit(key)) is None:
                pause(WAIT_SECONDS)
            self.told[key] = job_id

    def _submit(self, key: str) -> int | None:
        try:
            answer = httpx.post(
                f"http://127.0.0.1:{self.port}/api/jobs", json=NEW_JOB, headers={"Idempotency-Key": key}
            )
        except httpx.ConnectError:
            return None  # nothing was sent
        except httpx.HTTPError:
            self.repeated += 1
            return None
        return int(answer.json()["id"]) if answer.status_code == 202 else None
