"""What a server gave along with an answer, to ask later for the answer only if it changed."""

from dataclasses import dataclass

LONGEST = 1_000


@dataclass(frozen=True, slots=True)
class Validator:
    """Sent back as If-None-Match and If-Modified-Since (RFC 9110, 13.1), letter by letter as it came."""

    etag: str | None = None
    last_modified: str | None = None

    @classmethod
    def of(cls, etag: str | None, last_modified: str | None) -> "Validator | None":
        """None if the server gave neither, or nothing that is worth keeping."""
        kept = [value if value and len(value) <= LONGEST else None for value in (etag, last_modified)]
        return cls(*kept) if any(kept) else None

    @property
    def headers(self) -> dict[str, str]:
        named = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in named.items() if value}
