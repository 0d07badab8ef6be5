"""Workers come and go at random under load, as in a rolling deploy on an unsteady platform."""

import random
import signal
import time

from tests.chaos.load import Mix
from tests.chaos.patience import pause
from tests.chaos.stage import Stage, stage
from tests.chaos.verdict import Form, Verdict

KILLED_SHARE = 0.25
LONGEST_LIFE = 3.0


def run(form: Form) -> Verdict:
    """Two, four and eight workers, told to stop or killed at random: every job completes once."""
    counts, seconds = form.pick(((3,), 4.0), ((2, 4, 8), 25.0))
    choices = random.Random(form.seed)  # noqa: S311 - a shuffle, no secret
    told = killed = 0
    with stage() as place:
        for count in counts:
            place.workers_at_once(count, concurrency=10)
            with place.load(mix=Mix(per_second=40, longest_seconds=0.5), seed=form.seed) as load:
                deadline = time.monotonic() + seconds
                while time.monotonic() < deadline:
                    pause(choices.uniform(0, LONGEST_LIFE / count))
                    hard = choices.random() < KILLED_SHARE
                    told, killed = told + (not hard), killed + hard
                    _replace_one(place, choices, hard=hard)
            place.expect(load.accepted)
            place.settle(120)
            for worker in place.workers:
                worker.clear_away()
        return place.judge(
            f"{', '.join(map(str, counts))} workers stopped and killed at random under 40 jobs/s",
            f"{told} told to stop, {killed} killed, every job completed once (seed {form.seed})",
            told + killed,
            kept=True,
        )


def _replace_one(place: Stage, choices: random.Random, *, hard: bool) -> None:
    alive = [worker for worker in place.workers if worker.is_alive() and not worker.is_told]
    if alive:
        worker = choices.choice(alive)
        worker.is_told = True
        if hard:
            worker.kill()
        else:
            worker.signal(signal.SIGTERM)
    place.worker("--grace", "1", concurrency=10, ready=False)
