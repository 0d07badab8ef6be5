"""Artifacts: what comes back is what was saved, or an error."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeling.artifacts import ArtifactCorrupt, ArtifactStore


@given(data=st.binary())
def test_what_was_saved_comes_back(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    store = ArtifactStore(tmp_path_factory.mktemp("artifacts"))
    assert store.load(store.save(data)) == data


def test_the_folder_is_made_and_holds_one_file_for_equal_bytes(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path / "deep" / "artifacts")
    assert store.save(b"model") == store.save(b"model")
    assert len(list((tmp_path / "deep" / "artifacts").iterdir())) == 1


@pytest.mark.parametrize("damage", [b"", b"mode", b"Model", b"model "])
def test_a_damaged_artifact_is_not_loaded_and_is_mended_by_saving(tmp_path: Path, damage: bytes) -> None:
    store = ArtifactStore(tmp_path)
    key = store.save(b"model")
    (tmp_path / key).write_bytes(damage)
    with pytest.raises(ArtifactCorrupt, match="changed or cut off"):
        store.load(key)
    assert store.load(store.save(b"model")) == b"model"


def test_a_missing_artifact_is_an_error_without_a_path(tmp_path: Path) -> None:
    with pytest.raises(ArtifactCorrupt) as error:
        ArtifactStore(tmp_path).load("0" * 64)
    assert str(tmp_path) not in str(error.value)


@pytest.mark.parametrize("key", ["", "../secrets", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_a_key_that_is_none_reaches_no_file(tmp_path: Path, key: str) -> None:
    with pytest.raises(ArtifactCorrupt, match="64 hexadecimal"):
        ArtifactStore(tmp_path).load(key)


def test_a_save_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    key = store.save(b"model")
    (tmp_path / key).unlink()
    (tmp_path / key).mkdir()
    with pytest.raises(OSError, match="directory"):
        store.save(b"model")
    assert [path.name for path in tmp_path.iterdir()] == [key]
