"""ARTIFACTS and the settings beside it: one meaning, or one line that says what is wrong."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from config.artifact_location import BUCKET_SETTINGS, Bucket
from config.settings import SettingsError, load_settings, override

KEYS = {"ARTIFACTS_ACCESS_KEY_ID": "AKIATEST", "ARTIFACTS_SECRET_ACCESS_KEY": "hunter2/secret+key"}
ACCESS = {"ARTIFACTS_REGION": "eu-west-1", **KEYS}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a .env file nor variables of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in ("ARTIFACTS", *BUCKET_SETTINGS):
        monkeypatch.delenv(name, raising=False)


def location(monkeypatch: pytest.MonkeyPatch, artifacts: str, beside: dict[str, str]) -> Path | Bucket:
    for name, value in {"ARTIFACTS": artifacts, **beside}.items():
        monkeypatch.setenv(name, value)
    return load_settings().artifact_location()


def bucket(endpoint: str, name: str, prefix: str) -> Bucket:
    return Bucket(endpoint, "eu-west-1", name, prefix, *map(SecretStr, KEYS.values()))


def test_it_is_a_folder_unless_somebody_says_otherwise() -> None:
    assert load_settings().artifact_location() == Path(".matchday/artifacts")


@pytest.mark.parametrize("folder", ["artifacts", "/var/lib/matchday/artifacts", "../shared", "a/s3/b"])
def test_a_folder_is_a_path(monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    assert location(monkeypatch, folder, {}) == Path(folder)


@pytest.mark.parametrize(
    ("artifacts", "endpoint", "expected"),
    [
        ("s3://models", "", bucket("https://s3.eu-west-1.amazonaws.com", "models", "")),
        ("s3://models/", "", bucket("https://s3.eu-west-1.amazonaws.com", "models", "")),
        ("s3://my.models/a/b_c/", "", bucket("https://s3.eu-west-1.amazonaws.com", "my.models", "a/b_c")),
        ("s3://models/a", "http://minio:9000", bucket("http://minio:9000", "models", "a")),
        ("s3://models", "https://x.org/storage/v1/s3/", bucket("https://x.org/storage/v1/s3", "models", "")),
        (
            "supabase://abcdefghijklmnopqrst/models/football",
            "",
            bucket("https://abcdefghijklmnopqrst.storage.supabase.co/storage/v1/s3", "models", "football"),
        ),
    ],
)
def test_a_bucket_is_an_address(
    monkeypatch: pytest.MonkeyPatch, artifacts: str, endpoint: str, expected: Bucket
) -> None:
    assert location(monkeypatch, artifacts, ACCESS | {"ARTIFACTS_ENDPOINT": endpoint}) == expected


@pytest.mark.parametrize(
    ("artifacts", "beside", "said"),
    [
        ("", {}, "ARTIFACTS must be a folder, s3://bucket/prefix or supabase://project/bucket/prefix"),
        ("s3:models", ACCESS, "ARTIFACTS must be a folder, s3://"),
        ("s3://", ACCESS, "ARTIFACTS must be a folder, s3://"),
        ("gs://models", ACCESS, "ARTIFACTS must be a folder, s3://"),
        ("file:///var/models", {}, "ARTIFACTS must be a folder, s3://"),
        ("s3:///models", ACCESS, "ARTIFACTS has no valid bucket name"),
        ("s3://mod els", ACCESS, "ARTIFACTS has no valid bucket name"),
        ("s3://user:hunter2@models", ACCESS, "ARTIFACTS has no valid bucket name"),
        ("s3://models/../others", ACCESS, "the prefix in the bucket"),
        ("s3://models//a", ACCESS, "the prefix in the bucket"),
        ("s3://models?region=x", ACCESS, "ARTIFACTS has no valid bucket name"),
        ("supabase://models", ACCESS, "ARTIFACTS has no valid bucket name"),
        ("supabase://evil.example.org/models", ACCESS, "ARTIFACTS: the project of supabase://project/bucket"),
        (
            "supabase://ref/models",
            ACCESS | {"ARTIFACTS_ENDPOINT": "https://x.org"},
            "ARTIFACTS_ENDPOINT is for s3:// only",
        ),
        ("s3://models", KEYS, "ARTIFACTS names a bucket, which needs ARTIFACTS_REGION too"),
        ("s3://models", {}, "needs ARTIFACTS_REGION and ARTIFACTS_ACCESS_KEY_ID and ARTIFACTS_SECRET_ACCESS"),
        ("s3://models", ACCESS | {"ARTIFACTS_ACCESS_KEY_ID": ""}, "needs ARTIFACTS_ACCESS_KEY_ID too"),
        ("supabase://ref/models", {}, "needs ARTIFACTS_REGION and ARTIFACTS_ACCESS_KEY_ID"),
        ("s3://models", ACCESS | {"ARTIFACTS_REGION": "eu west"}, "ARTIFACTS_REGION must be the name of a"),
        (
            "s3://models",
            ACCESS | {"ARTIFACTS_SECRET_ACCESS_KEY": "hunter2\nx"},
            "ARTIFACTS_SECRET_ACCESS_KEY has a character",
        ),
        ("models", KEYS, "a folder, which takes no ARTIFACTS_ACCESS_KEY_ID or ARTIFACTS_SECRET_ACCESS_KEY"),
        (
            ".matchday/artifacts",
            {"ARTIFACTS_ENDPOINT": "http://x"},
            "which takes no ARTIFACTS_ENDPOINT: name",
        ),
        *(
            (
                "s3://models",
                ACCESS | {"ARTIFACTS_ENDPOINT": endpoint},
                "ARTIFACTS_ENDPOINT must be http(s)://",
            )
            for endpoint in (
                "minio:9000",
                "ftp://minio",
                "http://",
                "http://host:port",
                "http://user:hunter2@minio",
                "http://minio?x=1",
                "http://minio#x",
                "http://mi nio",
            )
        ),
    ],
)
def test_a_wrong_combination_is_one_line_that_names_the_setting(
    monkeypatch: pytest.MonkeyPatch, artifacts: str, beside: dict[str, str], said: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        location(monkeypatch, artifacts, beside)
    assert said in str(refused.value)
    assert str(refused.value).startswith("wrong settings: ARTIFACTS")
    assert "\n" not in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert "AKIATEST" not in str(refused.value)


def test_the_keys_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    found = location(monkeypatch, "s3://models", ACCESS)
    settings = load_settings()
    shown = [
        repr(settings),
        str(settings),
        settings.model_dump_json(),
        repr(found),
        str(settings.model_dump()),
    ]
    assert not any(key in text for key in KEYS.values() for text in shown)


def test_a_command_line_keeps_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    found = location(monkeypatch, "s3://models", ACCESS)
    assert override(load_settings(), {"log_level": "WARNING"}).artifact_location() == found
