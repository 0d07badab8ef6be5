"""Artifacts as files: complete or not there, and the loop goes on while the disk works."""

import asyncio
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from modeling.artifact_store import artifact_store
from modeling.artifacts import ArtifactsUnavailable

MODEL = b"a model"
KEY = sha256(MODEL).hexdigest()


async def test_the_folder_is_made_and_holds_one_file_for_equal_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "artifacts"
    store = artifact_store(folder)
    await asyncio.gather(*(store.save(MODEL) for _ in range(5)))
    assert os.listdir(folder) == [KEY]


async def test_what_is_right_is_not_written_again(tmp_path: Path) -> None:
    store = artifact_store(tmp_path)
    await store.save(MODEL)
    before = os.stat(tmp_path / KEY)
    await store.save(MODEL)
    assert os.stat(tmp_path / KEY).st_ino == before.st_ino


async def test_a_save_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    with (
        files_of_at_most(1_000),
        pytest.raises(ArtifactsUnavailable, match="cannot be written: File too large"),
    ):
        await artifact_store(tmp_path).save(bytes(100_000))
    assert os.listdir(tmp_path) == []


async def test_a_folder_that_cannot_be_is_unavailable_and_not_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ArtifactsUnavailable, match="Not a directory") as error:
        await artifact_store(tmp_path / "file" / "artifacts").save(MODEL)
    assert str(tmp_path) not in str(error.value)


async def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / KEY).mkdir()
    with pytest.raises(ArtifactsUnavailable, match="Is a directory"):
        await artifact_store(tmp_path).save(MODEL)
    assert os.listdir(tmp_path) == [KEY]


@pytest.mark.timeout(20)
async def test_a_slow_disk_does_not_hold_up_the_loop(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / KEY)  # reading it waits for a writer
    loading = asyncio.create_task(artifact_store(tmp_path).load(KEY))
    await asyncio.sleep(0)
    await asyncio.to_thread((tmp_path / KEY).write_bytes, MODEL)
    assert await loading == MODEL


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """As a full disk would be: this process cannot write more into any file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
