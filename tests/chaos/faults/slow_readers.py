"""Clients that follow jobs as events and do not read what they are sent."""

import socket
import subprocess
import time

import httpx2 as httpx
import psutil

from store.embedded_processes import free_port
from tests.chaos.api import Prober
from tests.chaos.handlers import Params, TalkingHandler
from tests.chaos.patience import pause, until
from tests.chaos.stage import stage
from tests.chaos.verdict import Form, Verdict
from tests.cli.processes import start

MEGABYTE = 1_000_000
MOST_GROWTH = 80.0
SHUTDOWN_SECONDS = 10.0
JOBS = 4
# So that what is sent soon waits on the server's side.
RECEIVE_BYTES = 4_096


def run(form: Form) -> Verdict:
    """With clients that follow jobs and never read: others are answered, memory is bounded, it stops soon."""
    many, seconds = form.pick(20, 200), form.pick(3.0, 30.0)
    with stage() as place:
        place.worker(concurrency=JOBS)
        url = f"http://127.0.0.1:{free_port()}"
        port = url.rpartition(":")[2]
        web = start("cli.main", "api", "--port", port, log=place.folder / "api.log", DATABASE_URL=place.url)
        until("the API is ready", 60, lambda: _is_ready(url))
        ids = place.submit(TalkingHandler, *[Params(seconds=seconds + 10)] * JOBS)
        process = psutil.Process(web.pid)
        before = process.memory_info().rss
        with Prober(url) as prober:
            clients = [_follow(int(port), ids[number % JOBS]) for number in range(many)]
            most = _most_memory(process, seconds)
        took = _stop(web)
        for client in clients:
            client.close()
        place.settle()
        growth = (most - before) / MEGABYTE
        return place.judge(
            f"{many} clients follow jobs and do not read: others are answered, memory grows"
            f" < {MOST_GROWTH:g} MB, the API stops < {SHUTDOWN_SECONDS:g} s",
            f"{growth:.0f} MB more over {seconds:g} s, stopped after {took:.1f} s, {prober}",
            many,
            kept=growth < MOST_GROWTH and took < SHUTDOWN_SECONDS and prober.is_clean,
        )


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ready").status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _follow(port: int, job_id: int) -> socket.socket:
    """A stream that has begun, and of which no more is read."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    client.settimeout(30)
    client.connect(("127.0.0.1", port))
    client.sendall(f"GET /api/jobs/{job_id}/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    begun = client.recv(12)
    assert begun == b"HTTP/1.1 200", begun
    return client


def _most_memory(process: psutil.Process, seconds: float) -> int:
    ends_at, most = time.monotonic() + seconds, 0
    while time.monotonic() < ends_at:
        most = max(most, process.memory_info().rss)
        pause(0.2)
    return most


def _stop(web: "subprocess.Popen[str]") -> float:
    """SIGTERM with the clients still there; gives the seconds, at most 60."""
    began = time.monotonic()
    web.terminate()
    try:
        web.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        web.kill()
        web.communicate()
    return time.monotonic() - began
