"""What a model consists of: its own artifact, and those of its members if it is a stack."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from config.artifact_location import Bucket
from modeling.artifact_folder import ArtifactFolder
from modeling.artifacts import ArtifactStore
from modeling.stacks import STACKS, read

# The bytes of an artifact by their SHA-256.
Load = Callable[[str], Awaitable[bytes]]


@dataclass(frozen=True)
class Part:
    """One model that is no stack, as it is kept."""

    name: str
    artifact: bytes


async def parts_of(name: str, artifact_sha256: str, load: Load) -> list[Part]:
    """The models that answer when this one is asked. Raises ArtifactUnusable, and what `load` raises."""
    artifact = await load(artifact_sha256)
    if name not in STACKS:
        return [Part(name, artifact)]
    members = [await parts_of(one.name, one.artifact_sha256, load) for one in read(name, artifact)]
    return [part for parts in members for part in parts]


async def check_from_here(location: Path | Bucket, name: str, artifact_sha256: str) -> str | None:
    """Whether all the bytes are there and right: None, or why this process could not look.

    A process without the libraries of a worker has no client for a bucket, and may run where the workers'
    folder is not. Raises ArtifactError, ArtifactUnusable.
    """
    if isinstance(location, Bucket):
        return "the artifacts are in a bucket, which the web process does not read"
    folder = ArtifactFolder(location)
    if await folder.is_empty():
        return "the web process does not see the workers' folder of artifacts"
    await parts_of(name, artifact_sha256, ArtifactStore(folder).load)
    return None
