"""PgBouncer in transaction mode between everything and the server."""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import psycopg
from sqlalchemy.engine import make_url

from jobs import service
from store.database import Database
from store.embedded_binaries import server_user
from store.embedded_processes import die_with_us, free_port
from tests.chaos.handlers import EndlessHandler, LoopHandler, Params, ProcessHandler
from tests.chaos.patience import until
from tests.chaos.stage import Stage, stage
from tests.chaos.verdict import Form, Skipped, Verdict, median
from tests.cli.processes import web

# A job that waits for the poll begins up to a second later; told by LISTEN it begins at once.
TOLD_SECONDS = 0.3
POLLED_SECONDS = 0.6
FOUND_SECONDS = 15.0
CANCELLED_SECONDS = 6.0
CONFIGURATION = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
pool_mode = transaction
default_pool_size = 10
max_client_conn = 200
auth_type = scram-sha-256
auth_file = {users}
"""


def run(form: Form) -> Verdict:
    """Jobs, cancel, progress and LISTEN all work; only DATABASE_URL_DIRECT goes around the pooler."""
    rounds = form.pick(5, 20)
    with stage() as place, _pooler(place) as pooled:
        for _ in range(2):
            place.worker(
                concurrency=10, environment={"DATABASE_URL": pooled, "DATABASE_URL_DIRECT": place.url}
            )
        waits, cancelled, progress = _use(place, pooled, rounds, form.pick(1, 5))
        place.settle()
        return place.judge(
            "PgBouncer in transaction mode: jobs, cancel, progress and LISTEN work",
            f"begun {median(waits) * 1000:.0f} ms after submit (p50), cancelled after max"
            f" {max(cancelled):.2f} s, progress {progress:.1f}",
            len(waits),
            kept=median(waits) < TOLD_SECONDS and max(cancelled) < CANCELLED_SECONDS,
        )


def by_mistake(form: Form) -> Verdict:
    """Without DATABASE_URL_DIRECT nothing is heard: found out, said once, shown, and polled instead."""
    with stage() as place, _pooler(place) as pooled, web(pooled, place.folder / "api.log") as api:
        worker = place.worker(concurrency=10, environment={"DATABASE_URL": pooled})
        found_at = until("the worker polls", 30, lambda: _polls(place)) - worker.started_at
        until("the API says so", 30, lambda: "this process" in httpx.get(f"{api}/ready").text)
        ready = httpx.get(f"{api}/ready")
        waits, cancelled, progress = _use(place, pooled, form.pick(5, 20), form.pick(1, 5))
        place.settle()
        said = [line for line in worker.said("warning") if line["event"] == "notifications_not_heard"]
        return place.judge(
            "PgBouncer in transaction mode by mistake: found within 15 s, said once, shown, polled",
            f"found after {found_at:.1f} s, said {len(said)} times, /ready {ready.json()['status']} with"
            f" {len(ready.json()['warnings'])} warnings, begun {median(waits) * 1000:.0f} ms after submit"
            f" (p50), cancelled after max {max(cancelled):.2f} s, progress {progress:.1f}",
            len(waits),
            kept=found_at < FOUND_SECONDS
            and len(said) == 1
            and ready.status_code == 200
            and len(ready.json()["warnings"]) == 2
            and max(waits) < POLLED_SECONDS
            and max(cancelled) < CANCELLED_SECONDS,
        )


def _use(place: Stage, url: str, rounds: int, cancels: int) -> tuple[list[float], list[float], float]:
    """Seconds until jobs began, and until cancelled ones had stopped; some progress that was shown."""
    waits = [_seconds_to_begin(place) for _ in range(rounds)]
    with place.load() as load:
        cancelled = [_cancel(place, url) for _ in range(cancels)]
    place.expect(load.accepted)
    (shown,) = place.submit(ProcessHandler, Params(seconds=1.5))
    return waits, cancelled, until("progress is shown", 10, lambda: _progress(place, shown))


def _polls(place: Stage) -> float | None:
    rows = place.rows("select polls from procrastinate_workers")
    return time.monotonic() if rows == [(True,)] else None


@contextmanager
def _pooler(place: Stage) -> Iterator[str]:
    """The address of a running PgBouncer in front of the stage's server."""
    program = shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")
    if program is None:
        raise Skipped("pgbouncer is not installed (Debian package pgbouncer)")
    direct, listen = make_url(place.url), free_port()
    folder = place.folder / "pgbouncer"
    folder.mkdir()
    users, configuration = folder / "users", folder / "pgbouncer.ini"
    users.write_text(f'"{direct.username}" "{direct.password}"\n')
    configuration.write_text(
        CONFIGURATION.format(host=direct.host, port=direct.port, listen=listen, users=users)
    )
    process = _start(program, configuration, [folder, users, configuration], folder / "log")
    pooled = direct.set(port=listen).render_as_string(hide_password=False)
    try:
        until("pgbouncer answers", 20, lambda: _answers(pooled, process))
        yield pooled
    finally:
        # The workers first: they must leave the registry through it.
        for worker in place.workers:
            worker.clear_away()
        process.terminate()
        process.wait(10)


def _start(program: str, configuration: Path, owned: list[Path], log: Path) -> subprocess.Popen[bytes]:
    user = server_user()  # it refuses to run as root
    options: dict[str, Any] = user.options() if user else {}
    if user:
        for path in owned:
            os.chown(path, user.uid, user.gid)
    with log.open("wb") as output:
        return subprocess.Popen(
            [program, str(configuration)],
            stdout=output,
            stderr=output,
            preexec_fn=die_with_us(signal.SIGKILL),
            **options,
        )


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "pgbouncer has ended"
    try:
        with psycopg.connect(url, prepare_threshold=None) as conn:
            return conn.execute("select 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def _seconds_to_begin(place: Stage) -> float:
    (job_id,) = place.submit(LoopHandler)
    began = place.wait_for("begin", job_id)
    ((waited,),) = place.rows(
        "select extract(epoch from started_at - created_at)::float8 from job_queue where id = %s", job_id
    )
    place.wait_for("end", began.job_id)
    return float(waited)


def _cancel(place: Stage, url: str) -> float:
    (job_id,) = place.submit(EndlessHandler, expected=frozenset({"cancelled"}))
    began = place.wait_for("begin", job_id)

    async def ask() -> None:
        database = Database(url, process="chaos")
        async with database.transaction() as conn:
            await service.cancel(conn, job_id)
        await database.close()

    asked_at = time.monotonic()
    asyncio.run(ask())
    return until("the child is gone", 30, lambda: place.deaths().get(began.pid)) - asked_at


def _progress(place: Stage, job_id: int) -> float | None:
    rows = place.rows("select progress from job_queue where id = %s and status = 'running'", job_id)
    return float(rows[0][0]) if rows and rows[0][0] else None
