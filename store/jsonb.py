"""Values as PostgreSQL's text and jsonb can hold them: no NUL characters, no lone surrogates, no NaN."""

import json
from typing import Any


def storable_text(value: str) -> str:
    """The text with what PostgreSQL refuses replaced by U+FFFD."""
    return value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def storable_json(value: Any) -> str:
    """The value as JSON text for jsonb. Raises ValueError for NaN, TypeError for what JSON cannot say."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return storable_text(text.replace("\\u0000", "\ufffd"))
