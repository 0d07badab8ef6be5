"""Artifacts, wherever they are kept: what comes back is what was saved, or an error."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeling import artifacts
from modeling.artifact_bucket import ArtifactBucket
from modeling.artifact_folder import ArtifactFolder
from modeling.artifact_store import artifact_store
from modeling.artifacts import ArtifactCorrupt, ArtifactMissing, ArtifactStore, ArtifactTooLarge
from tests.modeling.s3_server import S3Server

MODEL = b"a model"
KEY = sha256(MODEL).hexdigest()


@pytest.fixture(params=["folder", "s3", "supabase"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> "Kept":
    """A store in each of its places, with a way past it."""
    if request.param == "folder":
        return Kept(artifact_store(tmp_path), lambda key, data: tmp_path.joinpath(key).write_bytes(data))
    s3: S3Server = request.getfixturevalue("s3")
    if request.param == "supabase":
        s3.mounted_at, s3.ignores_conditions = "/storage/v1/s3", True
    bucket = s3.bucket(prefix="football/models")
    return Kept(artifact_store(bucket), lambda key, data: s3.put(f"football/models/{key}", data))


class Kept:
    def __init__(self, store: ArtifactStore, put: Callable[[str, bytes], object]) -> None:
        self.store, self.put = store, put


async def test_what_was_saved_comes_back(kept: Kept) -> None:
    assert await kept.store.save(MODEL) == KEY
    assert await kept.store.load(KEY) == MODEL


async def test_the_same_bytes_may_be_saved_again(kept: Kept) -> None:
    assert await kept.store.save(MODEL) == await kept.store.save(MODEL)
    assert await kept.store.load(KEY) == MODEL


async def test_no_bytes_are_bytes_too(kept: Kept) -> None:
    assert await kept.store.load(await kept.store.save(b"")) == b""


@pytest.mark.parametrize("damage", [b"", MODEL[:-1], MODEL.upper(), MODEL + b" "])
async def test_a_damaged_artifact_is_not_loaded_and_is_mended_by_saving(kept: Kept, damage: bytes) -> None:
    await kept.store.save(MODEL)
    kept.put(KEY, damage)
    with pytest.raises(ArtifactCorrupt, match="changed or cut off"):
        await kept.store.load(KEY)
    await kept.store.save(MODEL)
    assert await kept.store.load(KEY) == MODEL


async def test_a_missing_artifact_is_an_error_without_a_path(kept: Kept, tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissing) as error:
        await kept.store.load("0" * 64)
    assert str(tmp_path) not in str(error.value)
    assert "models" not in str(error.value)


@pytest.mark.parametrize("key", ["", "../secrets", "A" * 64, "0" * 63, "0" * 64 + "\n"])
async def test_a_key_that_is_none_reaches_nothing(kept: Kept, key: str) -> None:
    with pytest.raises(ArtifactCorrupt, match="64 hexadecimal"):
        await kept.store.load(key)


async def test_what_is_too_large_for_an_artifact_is_neither_kept_nor_loaded(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    await kept.store.save(MODEL)
    monkeypatch.setattr(artifacts, "MOST_BYTES", len(MODEL) - 1)
    with pytest.raises(ArtifactTooLarge, match="limit"):
        await kept.store.save(MODEL)
    with pytest.raises(ArtifactTooLarge, match="more than 6 bytes"):
        await kept.store.load(KEY)


async def test_a_large_artifact_is_mended_by_a_small_one(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "MOST_BYTES", len(MODEL))
    kept.put(KEY, MODEL * 2)
    await kept.store.save(MODEL)
    assert await kept.store.load(KEY) == MODEL


@given(data=st.binary())
async def test_any_bytes_come_back(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    store = artifact_store(tmp_path_factory.mktemp("artifacts"))
    assert await store.load(await store.save(data)) == data


def test_the_settings_say_where(s3: S3Server, tmp_path: Path) -> None:
    assert isinstance(artifact_store(tmp_path)._place, ArtifactFolder)
    assert isinstance(artifact_store(s3.bucket())._place, ArtifactBucket)
