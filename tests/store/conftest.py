"""Folders of embedded servers, empty and with data."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from store.embedded import EmbeddedPostgres


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder that the server's user can reach (pytest's own are private to root)."""
    with tempfile.TemporaryDirectory(prefix="matchday-test-") as folder:
        os.chmod(folder, 0o755)  # noqa: S103 - for the server's user to pass through
        yield Path(folder) / "a place with a 'quote'"


@pytest.fixture(scope="module")
def filled() -> Iterator[Path]:
    """What a server that was stopped has left, with one table; to be copied."""
    with tempfile.TemporaryDirectory(prefix="matchday-test-") as folder:
        os.chmod(folder, 0o755)  # noqa: S103 - for the server's user to pass through
        home = Path(folder) / "home"
        with EmbeddedPostgres(home, throwaway=True) as server, psycopg.connect(server.url) as conn:
            conn.execute("create table kept as select 1 as n")
        yield home


@pytest.fixture
def home(root: Path, filled: Path) -> Path:
    """A folder with data, of a server that was stopped."""
    subprocess.run(["cp", "-a", filled, root], check=True)
    return root


@pytest.fixture
def temporary(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of this test's own, which all can enter; the system's others are not used."""
    monkeypatch.setattr(tempfile, "tempdir", str(root.parent))
    monkeypatch.setattr("store.embedded_binaries.SHARED_FOLDERS", (str(root.parent),))
    return root.parent
