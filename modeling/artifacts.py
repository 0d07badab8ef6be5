"""Model artifacts: bytes kept under their SHA-256, so a version names exactly the bytes that were trained.

Nothing heavy is imported here, for handlers name these errors where the web process reads them.
"""

import hashlib
import re
from typing import Protocol

KEY = re.compile(r"[0-9a-f]{64}")
# A forest of 27,000 matches has a few million bytes; whatever is far beyond is no model of ours.
MOST_BYTES = 200_000_000


class ArtifactError(Exception):
    """An artifact cannot be had or kept; the text has no secret, no path and no address."""


class ArtifactCorrupt(ArtifactError):
    """The artifact is missing, or its bytes are not those that were saved."""


class ArtifactMissing(ArtifactCorrupt):
    """Nothing is kept under the key."""


class ArtifactTooLarge(ArtifactCorrupt):
    """There are more bytes than any artifact may have."""


class ArtifactsUnavailable(ArtifactError):
    """Where artifacts are kept cannot be reached or does not answer; trying again later may help."""


class ArtifactsRefused(ArtifactError):
    """Where artifacts are kept does not let us in: wrong keys, region or bucket; somebody has to act."""


class ArtifactUnusable(Exception):
    """The bytes are not an artifact of this model, or not one that this version of the code reads."""


class Place(Protocol):
    """Where bytes are kept by name: whole, or not at all. Raises ArtifactsUnavailable, ArtifactsRefused."""

    async def read(self, key: str, most_bytes: int) -> bytes:
        """What is there now, right or wrong. Raises ArtifactMissing, ArtifactTooLarge."""

    async def create(self, key: str, data: bytes) -> bool:
        """Puts the bytes where nothing was; False if something is there by now, which stays as it is."""

    async def replace(self, key: str, data: bytes) -> None:
        """Puts the bytes there, whatever was."""


class ArtifactStore:
    """The artifacts of a place. One is complete and right, or an error."""

    def __init__(self, place: Place) -> None:
        self._place = place

    async def save(self, data: bytes) -> str:
        """Keeps the artifact and returns its key; saving the same bytes again changes nothing.

        What was damaged since it was saved is mended. Raises ArtifactTooLarge, ArtifactsUnavailable,
        ArtifactsRefused.
        """
        if len(data) > MOST_BYTES:
            raise ArtifactTooLarge(f"the artifact has {len(data):,} bytes, and {MOST_BYTES:,} is the limit")
        key = hashlib.sha256(data).hexdigest()
        try:
            await self.load(key)
        except ArtifactMissing:
            if not await self._place.create(key, data):
                await self.load(key)  # somebody else was faster
        except ArtifactCorrupt:
            await self._place.replace(key, data)
        return key

    async def load(self, key: str) -> bytes:
        """The bytes saved under the key. Raises ArtifactCorrupt, ArtifactsUnavailable, ArtifactsRefused."""
        if not KEY.fullmatch(key):
            raise ArtifactCorrupt("an artifact key is 64 hexadecimal digits")
        data = await self._place.read(key, MOST_BYTES)
        if hashlib.sha256(data).hexdigest() != key:
            raise ArtifactCorrupt(f"artifact {key[:12]} was changed or cut off after it was saved")
        return data
