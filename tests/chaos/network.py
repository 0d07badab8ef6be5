"""A network of the worker's own, joined to the server's by a veth pair that can be cut without a word."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sqlalchemy.engine import make_url

from store.embedded import EmbeddedPostgres
from tests.chaos.verdict import Skipped

# A network of documentation's: nobody's address.
SERVER, WORKER, MASK = "198.51.100.1", "198.51.100.2", "30"
NOWHERE = "02:00:00:00:00:99"
SETTINGS = {"listen_addresses": "127.0.0.1," + SERVER}


@dataclass(frozen=True)
class Network:
    """`space` is where the worker runs; `near` and `far` are the two ends of the line."""

    space: str
    near: str
    far: str

    @property
    def prefix(self) -> list[str]:
        """What to put before a command to run it there."""
        return ["ip", "netns", "exec", self.space]

    def cut(self) -> None:
        """Packets vanish both ways, and nobody is told."""
        _ip("neigh", "replace", WORKER, "lladdr", NOWHERE, "dev", self.near, "nud", "permanent")
        self._there("neigh", "replace", SERVER, "lladdr", NOWHERE, "dev", self.far, "nud", "permanent")

    def cut_replies(self) -> None:
        """Only what the server sends vanishes."""
        _ip("neigh", "replace", WORKER, "lladdr", NOWHERE, "dev", self.near, "nud", "permanent")

    def heal(self) -> None:
        _ip("neigh", "del", WORKER, "dev", self.near)
        with suppress(subprocess.CalledProcessError):  # where only one way was cut
            self._there("neigh", "del", SERVER, "dev", self.far)

    def _there(self, *words: str) -> None:
        subprocess.run([*self.prefix, "ip", *words], check=True, capture_output=True)


@contextmanager
def network() -> Iterator[Network]:
    """Raises Skipped where no network can be made."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        raise Skipped("a network namespace needs root and the program ip (Debian package iproute2)")
    made = Network(f"chaos{os.getpid()}", f"ch{os.getpid()}a", f"ch{os.getpid()}b")
    try:
        _make(made)
    except subprocess.CalledProcessError as error:
        _remove(made)
        raise Skipped(f"no network namespace here: {error.stderr.decode().strip()}") from None
    try:
        yield made
    finally:
        _remove(made)


def let_in(server: EmbeddedPostgres) -> None:
    """Lets the server take connections from the other end of the line."""
    assert server.pid is not None
    with (server.root / "data" / "pg_hba.conf").open("a") as rules:
        rules.write(f"host all all {WORKER}/32 scram-sha-256\n")
    os.kill(server.pid, signal.SIGHUP)


def url_from_there(url: str) -> str:
    return make_url(url).set(host=SERVER).render_as_string(hide_password=False)


def _make(made: Network) -> None:
    _ip("netns", "add", made.space)
    _ip("link", "add", made.near, "type", "veth", "peer", "name", made.far, "netns", made.space)
    _ip("addr", "add", f"{SERVER}/{MASK}", "dev", made.near)
    _ip("link", "set", made.near, "up")
    for words in (
        ("addr", "add", f"{WORKER}/{MASK}", "dev", made.far),
        ("link", "set", made.far, "up"),
        ("link", "set", "lo", "up"),
    ):
        _ip("-n", made.space, *words)


def _remove(made: Network) -> None:
    with suppress(subprocess.CalledProcessError):
        _ip("netns", "del", made.space)
    with suppress(subprocess.CalledProcessError):
        _ip("link", "del", made.near)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
