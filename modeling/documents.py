"""Artifacts that are plain JSON: written with their format and calibration, read back checked."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from modeling.artifacts import ArtifactUnusable
from modeling.calibration import Calibration, CalibrationDocument


class Document(BaseModel):
    """What every such artifact holds; each kind adds its own."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    format: str


class ModelDocument(Document):
    """That of one model: behind its calibration."""

    calibration: CalibrationDocument


D = TypeVar("D", bound=Document)


def written_document(kind: str, values: Mapping[str, Any], calibration: Calibration) -> bytes:
    document = {"format": kind, **values, "calibration": CalibrationDocument.of(calibration).model_dump()}
    return json.dumps(document, allow_nan=False).encode()


def read_document(model: type[D], kind: str, artifact: bytes) -> D:
    """The document, if it is one of this format. Raises ArtifactUnusable."""
    try:
        document = model.model_validate_json(artifact)
    except ValidationError as error:
        raise ArtifactUnusable(f"not a {kind} document: {error.error_count()} faults") from None
    if document.format != kind:
        raise ArtifactUnusable(f"not a {kind} document, but one of format {document.format[:60]!r}")
    return document
