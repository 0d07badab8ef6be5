"""Kinds of models whose loaders fail in every way that a trial has to survive."""

import ctypes
import os
import signal
import time
from typing import Any


class Silent:
    """Loads, and answers as it was told to when it was saved."""

    @classmethod
    def from_bytes(cls, artifact: bytes) -> Any:
        return type("Loaded", (), {"answers": lambda self: artifact == b"good"})()


class Crashes:
    @classmethod
    def from_bytes(cls, artifact: bytes) -> Any:
        """As native code does: no exception, no goodbye."""
        ctypes.string_at(0)


class Leaves:
    @classmethod
    def from_bytes(cls, artifact: bytes) -> Any:
        os._exit(int(artifact))


class PretendsAndLeaves:
    @classmethod
    def from_bytes(cls, artifact: bytes) -> Any:
        os.write(1, b"usable")
        os._exit(0)


class Sleeps:
    @classmethod
    def from_bytes(cls, artifact: bytes) -> Any:
        time.sleep(60)


class Spins:
    @classmethod
    def from_bytes(cls, artifact: bytes) -> Any:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        while True:
            pass


class Eats:
    @classmethod
    def from_bytes(cls, artifact: bytes) -> Any:
        eaten = []
        while True:
            eaten.append(bytearray(10_000_000))


class Refuses:
    @classmethod
    def from_bytes(cls, artifact: bytes) -> Any:
        raise ValueError("no model\nbut a long story")


class Tells:
    @classmethod
    def from_bytes(cls, artifact: bytes) -> Any:
        """What it can see of its surroundings, as a refusal."""
        raise ValueError(" ".join(sorted(os.environ)))


class Lasts:
    @classmethod
    def from_bytes(cls, artifact: bytes) -> Any:
        """Says which process it is, in the file named by the artifact, and stays."""
        with open(artifact, "w") as file:
            file.write(str(os.getpid()))
        time.sleep(60)
