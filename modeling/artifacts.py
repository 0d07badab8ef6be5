"""Model artifacts: files named by their SHA-256, so a version names exactly the bytes that were trained."""

import hashlib
import os
import re
import tempfile
from pathlib import Path

KEY = re.compile(r"[0-9a-f]{64}")


class ArtifactCorrupt(Exception):
    """The artifact is missing, or its bytes are not those that were saved."""


class ArtifactStore:
    """A folder of artifacts. A file is complete and right, or it is not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, data: bytes) -> str:
        """Writes the artifact and returns its key; saving the same bytes again changes nothing."""
        key = hashlib.sha256(data).hexdigest()
        self._folder.mkdir(parents=True, exist_ok=True)
        if not self._holds(key):
            self._write(key, data)
        return key

    def load(self, key: str) -> bytes:
        """The bytes saved under the key. Raises ArtifactCorrupt."""
        if not KEY.fullmatch(key):
            raise ArtifactCorrupt("an artifact key is 64 hexadecimal digits")
        try:
            data = self._path(key).read_bytes()
        except OSError as error:
            raise ArtifactCorrupt(f"artifact {key[:12]} cannot be read: {error.strerror}") from None
        if hashlib.sha256(data).hexdigest() != key:
            raise ArtifactCorrupt(f"artifact {key[:12]} was changed or cut off after it was saved")
        return data

    def _path(self, key: str) -> Path:
        return self._folder / key

    def _holds(self, key: str) -> bool:
        try:
            self.load(key)
        except ArtifactCorrupt:
            return False
        return True

    def _write(self, key: str, data: bytes) -> None:
        handle, aside = tempfile.mkstemp(prefix=".saving-", dir=self._folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(aside).replace(self._path(key))
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
        self._sync_folder()

    def _sync_folder(self) -> None:
        # The rename itself must survive a power cut, not only the bytes.
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
