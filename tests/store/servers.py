"""What tests of the embedded server ask of its data and files."""

import os
from pathlib import Path

import psycopg
import pytest

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")


def rows(url: str) -> list[tuple[int]]:
    with psycopg.connect(url) as conn:
        return conn.execute("select n from kept").fetchall()


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777
