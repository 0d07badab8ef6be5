"""Notes when each process that ran a handler died, whoever killed it."""

import os
import select
import threading
import time

from tests.chaos.journal import Journal

LOOK_MILLISECONDS = 5


class Coroner:
    """Watches every process named in the journal, from a thread of its own."""

    def __init__(self, journal: Journal) -> None:
        # Its own reader: the list of the stage's grows in the stage's thread.
        self._journal = Journal(journal.path)
        self._deaths: dict[int, float] = {}
        self._watched: dict[int, int] = {}
        self._seen = 0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="coroner", daemon=True)
        self._thread.start()

    def deaths(self) -> dict[int, float]:
        """Process ids and the time of death of those that are gone."""
        return dict(self._deaths)

    def stop(self) -> None:
        self._ending.set()
        self._thread.join()
        for descriptor in self._watched:
            os.close(descriptor)

    def _watch(self) -> None:
        poll = select.poll()
        while not self._ending.is_set():
            self._add_new(poll)
            for descriptor, _ in poll.poll(LOOK_MILLISECONDS):
                self._deaths[self._watched.pop(descriptor)] = time.monotonic()
                poll.unregister(descriptor)
                os.close(descriptor)

    def _add_new(self, poll: "select.poll") -> None:
        events = self._journal.events()
        for event in events[self._seen :]:
            if event.pid in self._watched.values() or event.pid in self._deaths:
                continue
            try:
                descriptor = os.pidfd_open(event.pid)
            except ProcessLookupError:
                self._deaths[event.pid] = time.monotonic()
                continue
            self._watched[descriptor] = event.pid
            poll.register(descriptor, select.POLLIN)
        self._seen = len(events)
