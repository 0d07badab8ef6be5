"""Values as PostgreSQL's text and jsonb can hold them: no NUL characters, no lone surrogates, no NaN."""

import hashlib
import json
from typing import Any

# In characters: of four bytes at most, where an index takes 2,700.
LONGEST_KEY = 500


def storable_text(value: str) -> str:
    """The text with what PostgreSQL refuses replaced by U+FFFD."""
    return value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def storable_key(key: str) -> str:
    """The key; of one that is too long for an index, the beginning and the SHA-256 of all of it."""
    if len(key) <= LONGEST_KEY:
        return key
    return f"{key[:LONGEST_KEY]} sha256:{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()}"


def storable_json(value: Any) -> str:
    """The value as JSON text for jsonb. Raises ValueError for NaN, TypeError for what JSON cannot say."""
    return json.dumps(_storable(value), ensure_ascii=False, allow_nan=False)


def _storable(value: Any) -> Any:
    match value:
        case str():
            return storable_text(value)
        case dict():
            return {storable_text(str(key)): _storable(item) for key, item in value.items()}
        case list() | tuple():
            return [_storable(item) for item in value]
    return value
