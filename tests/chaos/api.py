"""The web process beside the workers, and a prober that asks it all the time."""

import contextlib
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import httpx2 as httpx

from tests.chaos.stage import Stage
from tests.cli.processes import web

ASK_SECONDS = 0.05
SUBMIT_SECONDS = 0.2
PROBLEM = "application/problem+json"
STORED = "select id from job_queue where job_type = %s"
# A job type of the platform's without a unique key of its own, and no worker of the chaos suite knows it.
NEW_JOB = {"type": "quick_data_refresh", "params": {}}
JOIN_SECONDS = 30
NO_ANSWER = 0


@contextlib.contextmanager
def api(place: Stage) -> Iterator[str]:
    """`matchday api` on the stage's database, ready; gives its address."""
    with web(place.url, place.folder / "api.log") as url:
        yield url


class Client:
    """Does the same again and again, from a thread."""

    def __init__(self, url: str, seconds: float) -> None:
        self.answers: Counter[int] = Counter()
        self._url, self._seconds, self._ending = url, seconds, threading.Event()
        self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join(JOIN_SECONDS)

    def __str__(self) -> str:
        return ", ".join(f"{count} x {status}" for status, count in sorted(self.answers.items()))

    def _run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=30) as client:
            while not self._ending.wait(self._seconds):
                try:
                    self._ask(client)
                except httpx.HTTPError:
                    self.answers[NO_ANSWER] += 1

    def _ask(self, client: httpx.Client) -> None:
        raise NotImplementedError


class Prober(Client):
    """Asks for the jobs; counts the answers by status."""

    def __init__(self, url: str) -> None:
        super().__init__(url, ASK_SECONDS)
        self.without_retry_after = 0
        self.live: Counter[int] = Counter()

    @property
    def is_clean(self) -> bool:
        """Only good answers and honest refusals: never a 500, a 503 always with its Retry-After."""
        return set(self.answers) <= {200, 503} and not self.without_retry_after and set(self.live) <= {200}

    def __str__(self) -> str:
        return f"API {super().__str__()}"

    def _ask(self, client: httpx.Client) -> None:
        answer = client.get("/api/jobs", params={"limit": 1})
        self.answers[answer.status_code] += 1
        self.without_retry_after += answer.status_code == 503 and "retry-after" not in answer.headers
        self.live[client.get("/live").status_code] += 1


class Submitter(Client):
    """Adds jobs, each with an Idempotency-Key; counts the answers by status."""

    def __init__(self, url: str) -> None:
        super().__init__(url, SUBMIT_SECONDS)
        self.accepted: set[int] = set()
        self.without_document = 0

    def is_clean(self, place: Stage) -> bool:
        """Every refusal was a problem document, and what is stored is what was accepted, whole."""
        stored = {
            row[0] for row in place.rows("select id from job_queue where job_type = %s", NEW_JOB["type"])
        }
        ((keys,),) = place.rows("select count(*) from idempotency_keys where status = 202")
        honest = set(self.answers) <= {202, 503, 507} and not self.without_document
        return honest and stored == self.accepted and keys == len(stored)

    def withdraw(self) -> None:
        """Cancels what was added."""
        httpx.post(f"{self._url}/api/jobs/cancel", json={"type": NEW_JOB["type"]}, timeout=30)

    def _ask(self, client: httpx.Client) -> None:
        answer = client.post("/api/jobs", json=NEW_JOB, headers={"Idempotency-Key": uuid.uuid4().hex})
        self.answers[answer.status_code] += 1
        if answer.status_code == 202:
            self.accepted.add(answer.json()["id"])
        elif answer.headers["content-type"] != PROBLEM:
            self.without_document += 1
