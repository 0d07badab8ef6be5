"""Artifacts as files of a folder, which survive a power cut once they are there."""

import asyncio
import os
import tempfile
from pathlib import Path

from modeling.artifacts import ArtifactMissing, ArtifactsUnavailable, ArtifactTooLarge


class ArtifactFolder:
    """A file is written aside and renamed: complete, or not there.

    obstore's LocalStore does so too, but its Python side cannot ask for fsync: after a power cut a row could
    name a file of nothing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def read(self, key: str, most_bytes: int) -> bytes:
        return await asyncio.to_thread(self._read, key, most_bytes)

    async def create(self, key: str, data: bytes) -> bool:
        # Whoever was faster wrote the same bytes, so nothing is lost by writing them again.
        await self.replace(key, data)
        return True

    async def replace(self, key: str, data: bytes) -> None:
        await asyncio.to_thread(self._write, key, data)

    async def is_empty(self) -> bool:
        """Whether nothing is kept here, or there is no such folder."""
        return await asyncio.to_thread(self._is_empty)

    def _is_empty(self) -> bool:
        return not self._folder.is_dir() or not any(self._folder.iterdir())

    def _read(self, key: str, most_bytes: int) -> bytes:
        try:
            with (self._folder / key).open("rb") as file:
                data = file.read(most_bytes + 1)
        except FileNotFoundError:
            raise ArtifactMissing(f"artifact {key[:12]} is not in the folder") from None
        except OSError as error:
            raise ArtifactsUnavailable(f"artifact {key[:12]} cannot be read: {error.strerror}") from None
        if len(data) > most_bytes:
            raise ArtifactTooLarge(f"artifact {key[:12]} has more than {most_bytes:,} bytes")
        return data

    def _write(self, key: str, data: bytes) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._write_aside_and_rename(key, data)
            self._sync_folder()
        except OSError as error:
            raise ArtifactsUnavailable(f"artifact {key[:12]} cannot be written: {error.strerror}") from None

    def _write_aside_and_rename(self, key: str, data: bytes) -> None:
        handle, aside = tempfile.mkstemp(prefix=".saving-", dir=self._folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(aside).replace(self._folder / key)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise

    def _sync_folder(self) -> None:
        # The rename itself must survive a power cut, not only the bytes.
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
