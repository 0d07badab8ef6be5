"""What the processes of a platform on this machine are told."""

from pathlib import Path

import pytest

from cli.local_platform import environment_for
from config.settings import load_settings


def test_a_folder_of_its_own_does_not_meet_the_bucket_of_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(
        "ARTIFACTS=s3://models\nARTIFACTS_REGION=eu-west-1\nARTIFACTS_ACCESS_KEY_ID=a\n"
        "ARTIFACTS_SECRET_ACCESS_KEY=b\nARTIFACTS_ENDPOINT=http://localhost:9000\n"
    )
    monkeypatch.chdir(tmp_path)
    for name, value in environment_for("postgresql://localhost/x", artifacts=tmp_path / "models").items():
        monkeypatch.setenv(name, value)
    assert load_settings().artifact_location() == tmp_path / "models"
