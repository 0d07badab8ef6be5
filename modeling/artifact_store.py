"""The artifact store that the settings name."""

from pathlib import Path

from config.artifact_location import Bucket
from modeling.artifact_bucket import ArtifactBucket
from modeling.artifact_folder import ArtifactFolder
from modeling.artifacts import ArtifactStore


def artifact_store(location: Path | Bucket) -> ArtifactStore:
    """Opens it; nothing is read, written or asked yet."""
    if isinstance(location, Bucket):
        return ArtifactStore(ArtifactBucket(location))
    return ArtifactStore(ArtifactFolder(location))
