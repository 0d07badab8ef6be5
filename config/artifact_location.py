"""Where model artifacts are kept: a folder, or a bucket of a server that speaks S3. No access here."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
BUCKET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,99}")
PROJECT_REF = re.compile(r"[a-z0-9]{1,63}")
REGION = re.compile(r"[a-z0-9-]{1,63}")
PREFIX_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
KEY = re.compile(r"[!-~]{1,1000}")
BUCKET_SETTINGS = (
    "ARTIFACTS_ENDPOINT",
    "ARTIFACTS_REGION",
    "ARTIFACTS_ACCESS_KEY_ID",
    "ARTIFACTS_SECRET_ACCESS_KEY",
)
FORMS = "a folder, s3://bucket/prefix or supabase://project/bucket/prefix"


@dataclass(frozen=True)
class BucketAccess:
    """The settings beside ARTIFACTS that only a bucket needs; empty where they are not set."""

    endpoint: str
    region: str
    access_key_id: SecretStr
    secret_access_key: SecretStr

    @property
    def named(self) -> dict[str, str]:
        """By the names of the settings."""
        keys = (self.access_key_id.get_secret_value(), self.secret_access_key.get_secret_value())
        return dict(zip(BUCKET_SETTINGS, (self.endpoint, self.region, *keys), strict=True))


@dataclass(frozen=True)
class Bucket:
    """A bucket, addressed as `endpoint/name`, and the prefix of our keys in it (empty: none)."""

    endpoint: str
    region: str
    name: str
    prefix: str
    access_key_id: SecretStr
    secret_access_key: SecretStr


def artifact_location(artifacts: str, access: BucketAccess) -> Path | Bucket:
    """What ARTIFACTS and the settings beside it mean together.

    Raises ValueError with one line that names the settings and never a value of the keys.
    """
    scheme, _, rest = artifacts.partition("://")
    match scheme:
        case "s3" if rest:
            endpoint = access.endpoint.rstrip("/") or f"https://s3.{access.region}.amazonaws.com"
            return _bucket(endpoint, rest, access)
        case "supabase" if rest:
            return _supabase(rest, access)
    if not artifacts or SCHEME.match(artifacts):
        raise ValueError(f"ARTIFACTS must be {FORMS}")
    return _folder(artifacts, access)


def _folder(artifacts: str, access: BucketAccess) -> Path:
    # Keys without a bucket mean that the bucket was forgotten: models would be lost with the container.
    if unused := [name for name, value in access.named.items() if value]:
        raise ValueError(f"ARTIFACTS is a folder, which takes no {' or '.join(unused)}: name the bucket")
    return Path(artifacts)


def _supabase(rest: str, access: BucketAccess) -> Bucket:
    # https://supabase.com/docs/guides/storage/s3/authentication: the storage host is for large files.
    project, _, place = rest.partition("/")
    if access.endpoint:
        raise ValueError("ARTIFACTS_ENDPOINT is for s3:// only (as which a Supabase of your own counts)")
    if not PROJECT_REF.fullmatch(project):
        raise ValueError(
            "ARTIFACTS: the project of supabase://project/bucket is its reference, as in its URL"
        )
    return _bucket(f"https://{project}.storage.supabase.co/storage/v1/s3", place, access)


def _bucket(endpoint: str, place: str, access: BucketAccess) -> Bucket:
    _check_access(access)
    name, _, prefix = place.partition("/")
    prefix = prefix.rstrip("/")
    if not BUCKET_NAME.fullmatch(name):
        raise ValueError(f"ARTIFACTS has no valid bucket name: it must be {FORMS}")
    if prefix and not all(PREFIX_PART.fullmatch(part) for part in prefix.split("/")):
        raise ValueError(
            "ARTIFACTS: the prefix in the bucket may have letters, digits, '.', '_', '-' and '/'"
        )
    return Bucket(endpoint, access.region, name, prefix, access.access_key_id, access.secret_access_key)


def _check_access(access: BucketAccess) -> None:
    missing = [name for name, value in access.named.items() if not value and name != "ARTIFACTS_ENDPOINT"]
    if missing:
        raise ValueError(f"ARTIFACTS names a bucket, which needs {' and '.join(missing)} too")
    if not REGION.fullmatch(access.region):
        raise ValueError("ARTIFACTS_REGION must be the name of a region, such as eu-west-1")
    for name in ("ARTIFACTS_ACCESS_KEY_ID", "ARTIFACTS_SECRET_ACCESS_KEY"):
        if not KEY.fullmatch(access.named[name]):
            raise ValueError(f"{name} has a character that no key has, such as a space")
    if access.endpoint and not _is_endpoint(access.endpoint):
        raise ValueError("ARTIFACTS_ENDPOINT must be http(s)://host[:port][/path], without a user or a query")


def _is_endpoint(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    bare = not (parts.query or parts.fragment or "@" in parts.netloc) and KEY.fullmatch(url) is not None
    return parts.scheme in ("http", "https") and has_host and bare
