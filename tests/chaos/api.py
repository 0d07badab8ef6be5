"""The web process beside the workers, and a prober that asks it all the time."""

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import httpx2 as httpx

from tests.chaos.stage import Stage
from tests.cli.processes import web

ASK_SECONDS = 0.05
JOIN_SECONDS = 30
NO_ANSWER = 0


@contextlib.contextmanager
def api(place: Stage) -> Iterator[str]:
    """`matchday api` on the stage's database, ready; gives its address."""
    with web(place.url, place.folder / "api.log") as url:
        yield url


class Prober:
    """Asks for the jobs again and again, from a thread; counts the answers by status."""

    def __init__(self, url: str) -> None:
        self.answers: Counter[int] = Counter()
        self.without_retry_after = 0
        self.live: Counter[int] = Counter()
        self._url, self._ending = url, threading.Event()
        self._thread = threading.Thread(target=self._run, name="prober", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join(JOIN_SECONDS)

    @property
    def is_clean(self) -> bool:
        """Only good answers and honest refusals: never a 500, a 503 always with its Retry-After."""
        return set(self.answers) <= {200, 503} and not self.without_retry_after and set(self.live) <= {200}

    def __str__(self) -> str:
        return "API " + ", ".join(f"{count} x {status}" for status, count in sorted(self.answers.items()))

    def _run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=30) as client:
            while not self._ending.wait(ASK_SECONDS):
                try:
                    self._ask(client)
                except httpx.HTTPError:
                    self.answers[NO_ANSWER] += 1

    def _ask(self, client: httpx.Client) -> None:
        answer = client.get("/api/jobs", params={"limit": 1})
        self.answers[answer.status_code] += 1
        self.without_retry_after += answer.status_code == 503 and "retry-after" not in answer.headers
        self.live[client.get("/live").status_code] += 1
