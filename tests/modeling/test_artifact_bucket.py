"""Artifacts in a bucket: what is asked of the server, and what its failures mean."""

import asyncio
import traceback
from datetime import timedelta
from hashlib import sha256

import pytest

from modeling.artifact_bucket import ArtifactBucket
from modeling.artifact_store import artifact_store
from modeling.artifacts import ArtifactError, ArtifactsRefused, ArtifactStore, ArtifactsUnavailable
from tests.modeling.s3_server import NAME, REGION, S3Server

MODEL = b"a model"
KEY = sha256(MODEL).hexdigest()
SECRETS = ("hunter2", "AKIA", "127.0.0.1", "Signature")


def impatient(s3: S3Server, seconds: float = 0.3) -> ArtifactStore:
    return ArtifactStore(ArtifactBucket(s3.bucket(), timeout=timedelta(seconds=seconds)))


def check_it_tells_nothing(error: ArtifactError) -> None:
    """Nor does its trace, of which the causes are a part."""
    shown = "".join(traceback.format_exception(error))
    assert not any(secret in shown for secret in SECRETS)


async def test_an_object_is_named_by_its_prefix_and_key(s3: S3Server) -> None:
    await artifact_store(s3.bucket(prefix="football/models")).save(MODEL)
    assert s3.objects() == {f"football/models/{KEY}": MODEL}


async def test_a_new_artifact_is_written_once_and_only_if_it_is_not_there(s3: S3Server) -> None:
    store = artifact_store(s3.bucket())
    await store.save(MODEL)
    await store.save(MODEL)
    assert [asked.method for asked in s3.asked] == ["GET", "PUT", "GET"]
    assert s3.asked[1].headers["if_none_match"] == "*"


async def test_of_two_workers_that_save_the_same_the_slower_keeps_what_is_there(s3: S3Server) -> None:
    place = ArtifactBucket(s3.bucket())
    assert await place.create(KEY, MODEL)
    assert not await place.create(KEY, b"other bytes")
    assert s3.objects() == {KEY: MODEL}


async def test_many_workers_may_save_the_same_at_once(s3: S3Server) -> None:
    store = artifact_store(s3.bucket())
    assert set(await asyncio.gather(*(store.save(MODEL) for _ in range(8)))) == {KEY}
    assert s3.objects() == {KEY: MODEL}


async def test_a_server_without_conditional_writes_will_do(s3: S3Server) -> None:
    s3.has_conditional_writes = False
    store = artifact_store(s3.bucket())
    assert await store.load(await store.save(MODEL)) == MODEL


async def test_a_large_artifact_is_one_upload(s3: S3Server) -> None:
    store, large = artifact_store(s3.bucket()), bytes(12_000_000)
    await store.save(large)
    s3.put(sha256(large).hexdigest(), b"damaged")
    await store.save(large)
    assert [asked.method for asked in s3.asked] == ["GET", "PUT", "GET", "PUT"]
    assert list(s3.objects().values()) == [large]


async def test_requests_are_signed_with_the_keys_of_the_settings(s3: S3Server) -> None:
    with s3.signatures_checked() as keys:
        store = artifact_store(s3.bucket(keys=keys))
        assert await store.load(await store.save(MODEL)) == MODEL


@pytest.mark.parametrize("wrong", [0, 1])
async def test_wrong_keys_are_refused_and_not_shown(s3: S3Server, wrong: int) -> None:
    with s3.signatures_checked() as (key_id, secret), pytest.raises(ArtifactsRefused, match="403") as refused:
        keys = [("hunter2hunter2", secret), (key_id, "hunter2hunter2")]
        await artifact_store(s3.bucket(keys=keys[wrong])).load(KEY)
    check_it_tells_nothing(refused.value)
    assert len(s3.asked) == 1


async def test_the_environment_of_other_programs_does_not_matter(
    s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "theirs",
        "AWS_SECRET_ACCESS_KEY": "theirs",
        "AWS_SESSION_TOKEN": "theirs",
        "AWS_REGION": "us-east-1",
        "AWS_SKIP_SIGNATURE": "true",
        "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true",
        "AWS_BUCKET": "theirs",
    }.items():
        monkeypatch.setenv(name, value)
    await artifact_store(s3.bucket()).save(MODEL)
    for asked in s3.asked:
        assert asked.path == f"/{NAME}/{KEY}"
        assert f"/{REGION}/s3/aws4_request" in asked.headers["authorization"]
        assert "theirs" not in str(asked.headers)


async def test_the_path_of_the_endpoint_stays_before_the_bucket(s3: S3Server) -> None:
    s3.mounted_at = "/storage/v1/s3"
    await artifact_store(s3.bucket(prefix="models")).save(MODEL)
    assert {asked.path for asked in s3.asked} == {f"/storage/v1/s3/{NAME}/models/{KEY}"}
    assert s3.objects() == {f"models/{KEY}": MODEL}


async def test_a_bucket_that_is_not_there_is_a_setting_to_check(s3: S3Server) -> None:
    store = artifact_store(s3.bucket(name="another"))
    with pytest.raises(ArtifactsRefused, match="no such bucket: check ARTIFACTS"):
        await store.load(KEY)
    with pytest.raises(ArtifactsRefused, match="no such bucket"):
        await store.save(MODEL)
    with pytest.raises(ArtifactsRefused, match="no such bucket"):
        await ArtifactBucket(s3.bucket(name="another")).create(KEY, MODEL)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("301 Moved Permanently", ArtifactsRefused),
        ("400 Bad Request", ArtifactsRefused),
        ("401 Unauthorized", ArtifactsRefused),
        ("403 Forbidden", ArtifactsRefused),
        ("413 Payload Too Large", ArtifactsRefused),
        ("429 Too Many Requests", ArtifactsUnavailable),
        ("500 Internal Server Error", ArtifactsUnavailable),
        ("503 Service Unavailable", ArtifactsUnavailable),
    ],
)
async def test_what_may_heal_is_told_from_what_does_not(
    s3: S3Server, answer: str, expected: type[ArtifactError]
) -> None:
    s3.answers = answer
    place = ArtifactBucket(s3.bucket(), timeout=timedelta(seconds=1))
    for asking in (place.read(KEY, 100), place.create(KEY, MODEL), place.replace(KEY, MODEL)):
        with pytest.raises(expected) as error:
            await asking
        check_it_tells_nothing(error.value)


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    store = ArtifactStore(ArtifactBucket(S3Server("127.0.0.1:1").bucket(), timeout=timedelta(seconds=5)))
    with pytest.raises(ArtifactsUnavailable, match="cannot be reached") as error:
        await store.load(KEY)
    check_it_tells_nothing(error.value)


async def test_a_server_that_says_nothing_is_unavailable_in_time(s3: S3Server) -> None:
    s3.stalled = True
    for asking in (impatient(s3).load(KEY), impatient(s3).save(MODEL)):
        with pytest.raises(ArtifactsUnavailable, match="does not answer in time"):
            await asyncio.wait_for(asking, 10)


async def test_a_download_that_breaks_off_is_no_artifact(s3: S3Server) -> None:
    s3.put(KEY, MODEL)
    s3.cuts_off = True
    with pytest.raises(ArtifactsUnavailable):
        await impatient(s3).load(KEY)


async def test_who_waits_for_a_server_can_be_cancelled(s3: S3Server) -> None:
    s3.stalled = True
    loading = asyncio.create_task(artifact_store(s3.bucket()).load(KEY))
    assert await asyncio.to_thread(s3.arrived.wait, 10)
    loading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(loading, 10)
