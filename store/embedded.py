"""A real PostgreSQL as a child of this process, for development, the demo and tests. Not for production.

It listens on 127.0.0.1 with a random password, and ends with the process that started it, even a killed one.
"""

import secrets
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from store.embedded_binaries import EmbeddedUnavailable, find_binaries, server_user
from store.embedded_folder import (
    new_folder,
    open_private,
    prepared,
    throwaway_folder,
    try_lock,
    write_secret,
)
from store.embedded_processes import die_with_us, end_orphan, free_port, read_or_empty

BOOT_SECONDS = 120
STOP_SECONDS = 30
START_TRIES = 50
LOOK_SECONDS = 0.005
# What a start meets when the server before it is not quite gone, or another program took the port.
PASSING_TROUBLE = (
    "shared memory block",
    "already exists",
    "Address already in use",
    "could not create any TCP/IP",
)
# A server whose data nobody will miss need not wait for the disk.
THROWAWAY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class AlreadyRunning(EmbeddedUnavailable):
    """Another process serves this folder; others use its `url`."""

    def __init__(self, root: Path, url: str) -> None:
        super().__init__(f"{root} is already served by another process")
        self.url = url


class EmbeddedPostgres:
    """One server with its data in `root`, to be started from the main thread."""

    def __init__(
        self, root: Path, *, port: int = 0, settings: dict[str, str] | None = None, throwaway: bool = False
    ) -> None:
        self._user = server_user()
        self._root, self._port = root, port
        self._settings = {**(THROWAWAY if throwaway else {}), **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[bytes] | None = None
        self.url = ""

    def start(self) -> Self:
        """Makes the data folder if there is none, and waits until the server takes connections.

        Raises AlreadyRunning, or EmbeddedUnavailable with what to do.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError(
                "the server ends with the thread that started it: start it from the main thread"
            )
        self._bin = find_binaries(self._user)
        # Resolved, because that is how the kernel will name the server's working directory.
        self._root = prepared(self._root.resolve(), self._user)
        self._take_lock()
        try:
            if not self._has_data():
                self._make_data()
            end_orphan(self._data)
            self._start_server()
            password = (self._root / "password").read_text()
            self.url = f"postgresql://postgres:{password}@127.0.0.1:{self._port}/postgres"
            write_secret(self._root / "url", self.url)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Ends the server as a clean shutdown; harmless if it is not running."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(STOP_SECONDS)
            self._process = None
        if self._lock is not None:
            (self._root / "url").unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def root(self) -> Path:
        """Where the data really is: elsewhere if the server's user cannot reach the folder asked for."""
        return self._root

    @property
    def _data(self) -> Path:
        return self._root / "data"

    def _take_lock(self) -> None:
        deadline = time.monotonic() + BOOT_SECONDS
        while (lock := try_lock(self._root / "lock")) is None:
            if url := read_or_empty(self._root / "url"):
                raise AlreadyRunning(self._root, url)
            if time.monotonic() > deadline:
                raise EmbeddedUnavailable(f"another process has been starting {self._root} for too long")
            time.sleep(LOOK_SECONDS)  # it is starting its server, or stopping it
        self._lock = lock
        # A killed owner's: until we are ready, nobody may take its address for ours.
        (self._root / "url").unlink(missing_ok=True)

    def _has_data(self) -> bool:
        have = read_or_empty(self._data / "PG_VERSION").strip()
        version = self._run(str(self._bin / "postgres"), "--version").stdout
        major = version.split()[-1].split(".")[0]
        if have and have != major:
            raise EmbeddedUnavailable(
                f"{self._data} is of PostgreSQL {have} and the programs are {major}: dump it with the old "
                "release and restore it, or name another MATCHDAY_HOME"
            )
        return bool(have)

    def _make_data(self) -> None:
        # Each try has a name of its own: the initdb of a killed owner may still be writing into the last one.
        for old in self._root.glob("data.tmp-*"):
            shutil.rmtree(old, ignore_errors=True)
        made = new_folder(self._root / f"data.tmp-{secrets.token_hex(4)}", self._user)
        password = self._root / "password"
        write_secret(password, secrets.token_hex(16), self._user)
        options = ("-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        done = self._run(str(self._bin / "initdb"), "-D", str(made), "--pwfile", str(password), *options)
        if done.returncode:
            raise EmbeddedUnavailable(f"initdb failed: {done.stderr.strip()[-500:]}")
        made.rename(self._data)

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        options = self._user.options() if self._user else {}
        return subprocess.run(  # type: ignore[call-overload,no-any-return] # noqa: S603 - our own programs
            command,
            capture_output=True,
            text=True,
            cwd="/",
            preexec_fn=die_with_us(signal.SIGKILL),
            **options,
        )

    def _start_server(self) -> None:
        for tries in range(1, START_TRIES + 1):
            port = self._port or free_port()
            trouble = self._spawn(port)
            if trouble is None:
                self._port = port
                return
            if tries == START_TRIES or not any(text in trouble for text in PASSING_TROUBLE):
                raise EmbeddedUnavailable(f"PostgreSQL did not start: {trouble.strip()[-500:]}")
            end_orphan(self._data)
            time.sleep(0.2)

    def _spawn(self, port: int) -> str | None:
        """Starts the server and waits until it is ready; otherwise gives what it logged."""
        # Without a Unix socket: its folder would stay behind each time the owner is killed.
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            **self._settings,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with open_private(self._root / "server.log") as logged:
            before = logged.tell()
            self._process = subprocess.Popen(  # type: ignore[call-overload] # noqa: S603 - our own program
                [self._bin / "postgres", "-D", self._data, *options],
                stdout=logged,
                stderr=logged,
                cwd="/",
                start_new_session=True,
                preexec_fn=die_with_us(signal.SIGINT),
                **(self._user.options() if self._user else {}),
            )
        if self._becomes_ready(self._process):
            return None
        self._process = None
        return (self._root / "server.log").read_bytes()[before:].decode(errors="replace")

    def _becomes_ready(self, process: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < deadline:
            # The file exists before it is filled: too few lines are as normal as none.
            lines = read_or_empty(self._data / "postmaster.pid").split("\n")
            if len(lines) > 7 and lines[0] == str(process.pid) and lines[7].strip() == "ready":
                return True
            if process.poll() is not None:
                return False
            time.sleep(LOOK_SECONDS)
        process.send_signal(signal.SIGQUIT)
        process.wait()
        return False


@contextmanager
def throwaway_postgres(settings: dict[str, str] | None = None) -> Iterator[EmbeddedPostgres]:
    """A server in a new temporary folder, with the folder gone at the end: for tests and the demo."""
    root = throwaway_folder(server_user())
    try:
        with EmbeddedPostgres(root, settings=settings, throwaway=True) as server:
            yield server
    finally:
        shutil.rmtree(root, ignore_errors=True)
