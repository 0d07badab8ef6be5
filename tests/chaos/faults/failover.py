"""A standby takes over that had not heard the last seconds of the server before it."""

import os
import signal
import subprocess
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.engine import make_url

from store.embedded import EmbeddedPostgres
from store.embedded_binaries import find_binaries, server_user
from store.embedded_folder import new_folder, write_secret
from tests.chaos.handlers import LoopHandler, Params
from tests.chaos.load import submit
from tests.chaos.patience import pause, until
from tests.chaos.stage import SERVER, Stage, stage
from tests.chaos.verdict import Form, Verdict

GAP_SECONDS = 2.0
# More than the server writes ahead of a sequence, so that the standby would give their numbers again.
LOST_JOBS = 200
BEGUN_IN_THE_GAP = 20
LONG_SECONDS = 12.0
LONG = Params(seconds=LONG_SECONDS)
BACK_SECONDS = 10.0
STOPPED_SECONDS = 3.0
# It finds no more of the log than it has, and so takes over at once.
TAKES_OVER = {"restore_command": "false"}


def run(form: Form) -> Verdict:
    """A standby takes over that lost the last seconds: no number is given twice, each job left ends once."""
    with stage() as place:
        place.workers_at_once(2, concurrency=30)
        (early,) = place.submit(LoopHandler, Params(seconds=LONG_SECONDS))
        place.wait_for("begin", early)
        due_at = datetime.now(UTC) + timedelta(seconds=6)
        due = submit(place.url, LoopHandler, [LONG] * BEGUN_IN_THE_GAP, run_after=due_at)
        with place.load() as before:
            standby = _copy(place)
            lost = submit(place.url, LoopHandler, [LONG] * 5 + [Params()] * LOST_JOBS)
            for job_id in [*lost[:5], *due]:
                place.wait_for("begin", job_id)
            pause(form.pick(0, GAP_SECONDS))
        accepted = {early, *due, *lost, *before.accepted}
        back_at = _take_over(place, standby)
        kept = {row[0] for row in place.rows("select id from job_queue where id = any(%s)", list(accepted))}
        with place.load() as after:
            begun = until("a new job begins", BACK_SECONDS, lambda: _begun(place, after.accepted))
            pause(2)
        place.expect([*kept, *after.accepted])
        # The auditor takes for doubled what had begun and is not known of: here it runs again.
        place.forget({event.job_id for event in place.journal.events()} & accepted - {early})
        place.settle()
        again, beside = accepted & set(after.accepted), _longest_beside(place, due)
        return place.judge(
            "a standby takes over without the last seconds: no number given twice, the rest ends once,"
            f" an attempt it does not know of is stopped < {STOPPED_SECONDS:g} s after another began",
            f"{len(accepted - kept)} of {len(accepted)} jobs lost with the server, {len(again)} numbers given"
            f" again, next number {min(after.accepted)}, stopped after {beside:.1f} s,"
            f" new jobs begun after {begun - back_at:.1f} s",
            1,
            kept=not again and not set(lost) & kept and {early, *due} <= kept and beside < STOPPED_SECONDS,
        )


def _copy(place: Stage) -> Path:
    """What a standby has: all that was written until now."""
    user, url = server_user(), make_url(place.server.url)
    root = new_folder(place.folder / "standby", user)
    write_secret(root / "password", str(url.password), user)
    subprocess.run(  # type: ignore[call-overload]
        [
            find_binaries(user) / "pg_basebackup",
            *("--pgdata", str(root / "data"), "--checkpoint", "fast", "--no-sync", "--no-password"),
            *("--host", str(url.host), "--port", str(url.port), "--username", str(url.username)),
        ],
        check=True,
        capture_output=True,
        cwd="/",
        env={**os.environ, "PGPASSWORD": str(url.password)},
        **(user.options() if user else {}),
    )
    (root / "data" / "recovery.signal").touch()
    return root


def _take_over(place: Stage, root: Path) -> float:
    """The old server dies, the other one answers in its place. Gives when it does."""
    assert place.server.pid is not None
    os.kill(place.server.pid, signal.SIGKILL)
    place.server.stop()
    port = make_url(place.url).port
    assert port is not None
    place.replace_server(EmbeddedPostgres(root, port=port, settings={**SERVER, **TAKES_OVER}, throwaway=True))
    return time.monotonic()


def _begun(place: Stage, ids: list[int]) -> float | None:
    wanted = set(ids)
    return next((e.at for e in place.journal.events() if e.what == "begin" and e.job_id in wanted), None)


def _longest_beside(place: Stage, ids: list[int]) -> float:
    """For how long the first run of one of these went on when its second had begun."""
    begun: defaultdict[int, list[float]] = defaultdict(list)
    ended: defaultdict[int, list[float]] = defaultdict(list)
    for event in place.journal.events():
        (begun if event.what == "begin" else ended)[event.job_id].append(event.at)
    return max(ended[job_id][0] - begun[job_id][1] for job_id in ids)
