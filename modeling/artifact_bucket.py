"""Artifacts as objects of a bucket: S3, Supabase Storage by its S3 protocol, or any server that speaks S3."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from config.artifact_location import Bucket
from modeling.artifacts import (
    ArtifactMissing,
    ArtifactsRefused,
    ArtifactsUnavailable,
    ArtifactTooLarge,
)

if TYPE_CHECKING:
    from obstore.store import S3Credential

CONNECT_TIMEOUT = timedelta(seconds=5)
# For one read or write with its retries: 200 MB at 14 megabits a second.
TIMEOUT = timedelta(minutes=2)
RETRIES = 3
ANSWERED = re.compile(r"status code: (\d{3})")
NOT_IMPLEMENTED = 501
# The other refusals heal by themselves: a time-out, too many requests.
HEALING = (408, 425, 429)
NO_BUCKET = "<Code>NoSuchBucket</Code>"
REDIRECT = "redirect without LOCATION"


class ArtifactBucket:
    """An upload is visible when it is complete, and its checksum is part of the signature."""

    def __init__(self, bucket: Bucket, *, timeout: timedelta = TIMEOUT) -> None:
        self._timeout = timeout
        self._store = _open(bucket, timeout)

    async def read(self, key: str, most_bytes: int) -> bytes:
        async with self._asking():
            try:
                found = await self._store.get_async(key)
            except FileNotFoundError as error:
                if NO_BUCKET in str(error):
                    raise
                raise ArtifactMissing(f"artifact {key[:12]} is not in the bucket") from None
            if found.meta["size"] > most_bytes:
                raise ArtifactTooLarge(f"artifact {key[:12]} has more than {most_bytes:,} bytes")
            return bytes(await found.bytes_async())

    async def create(self, key: str, data: bytes) -> bool:
        async with self._asking():
            try:
                await self._store.put_async(key, data, mode="create")
            except AlreadyExistsError:
                return False
            except BaseError as error:
                if _status(error) != NOT_IMPLEMENTED:
                    raise
                # A server without conditional writes; others of that kind (Supabase) ignore the condition.
                await self._put(key, data)
        return True

    async def replace(self, key: str, data: bytes) -> None:
        async with self._asking():
            await self._put(key, data)

    async def _put(self, key: str, data: bytes) -> None:
        await self._store.put_async(key, data, mode="overwrite", use_multipart=False)

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        """The library's texts stay in here: a server's answer may repeat a key."""
        try:
            async with asyncio.timeout(self._timeout.total_seconds()):
                yield
        except (BaseError, FileNotFoundError, TimeoutError) as error:
            raise _explained(error) from None


def _open(bucket: Bucket, timeout: timedelta) -> S3Store:
    credential: S3Credential = {
        "access_key_id": bucket.access_key_id.get_secret_value(),
        "secret_access_key": bucket.secret_access_key.get_secret_value(),
        "token": None,
        "expires_at": None,
    }
    return S3Store(
        bucket.name,
        prefix=bucket.prefix or None,
        endpoint=bucket.endpoint,
        # Said twice: else the variable AWS_ENDPOINT_URL_S3, which some platforms set, would win.
        aws_endpoint_url_s3=bucket.endpoint,
        region=bucket.region,
        virtual_hosted_style_request=False,
        skip_signature=False,
        unsigned_payload=False,
        # Not as two settings: beside those the library would send a token that it finds in the environment.
        credential_provider=lambda: credential,
        client_options={
            "allow_http": bucket.endpoint.startswith("http://"),
            "connect_timeout": min(CONNECT_TIMEOUT, timeout),
            "timeout": timeout,
        },
        retry_config={"max_retries": RETRIES, "retry_timeout": timeout},
    )


def _status(error: Exception) -> int | None:
    found = ANSWERED.search(str(error))
    return int(found[1]) if found else None


def _explained(error: Exception) -> ArtifactsUnavailable | ArtifactsRefused:
    status = _status(error)
    if REDIRECT in str(error):
        return ArtifactsRefused("the bucket is in another region: check ARTIFACTS_REGION")
    if status is None:
        return ArtifactsUnavailable("the artifact store cannot be reached, or does not answer in time")
    if isinstance(error, FileNotFoundError):
        return ArtifactsRefused("the artifact store has no such bucket: check ARTIFACTS")
    if status < 500 and status not in HEALING:
        return ArtifactsRefused(
            f"the artifact store refuses (it answered {status}): check ARTIFACTS, its keys, region and limits"
        )
    return ArtifactsUnavailable(f"the artifact store is not well (it answered {status})")
