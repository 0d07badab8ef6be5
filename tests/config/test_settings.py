"""Settings are read once; a wrong one stops the start with one clear line."""

import pickle
from pathlib import Path

import pytest

from config.settings import SettingsError, load_settings, override, require_database


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a .env file nor variables of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "API_PORT", "WORKER_PRELOAD", "FOOTBALL_DATA_TIMEZONE"):
        monkeypatch.delenv(name, raising=False)


def test_everything_but_the_database_has_a_default() -> None:
    settings = load_settings()
    assert (settings.api_port, settings.queues, settings.database_url) == (8000, (), "")
    with pytest.raises(SettingsError, match="DATABASE_URL is not set"):
        require_database(settings)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("API_PORT", "eighty", "API_PORT: Input should be a valid integer"),
        ("API_PORT", "99999", "API_PORT: Input should be less than or equal to 65535"),
        (
            "FOOTBALL_DATA_TIMEZONE",
            "Mars/Base",
            "FOOTBALL_DATA_TIMEZONE: Value error, must be an IANA time zone",
        ),
        (
            "DATABASE_URL",
            "postgresql://u:hunter2@host:port?x",
            "DATABASE_URL: Value error, is not a connection",
        ),
        (
            "DATABASE_URL",
            "mysql://user:hunter2@host/db",
            "DATABASE_URL: Value error, must start with postgresql://",
        ),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_an_unknown_name_in_the_env_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("API_PROT=8001\n")
    with pytest.raises(SettingsError, match="API_PROT"):
        load_settings()


def test_secrets_are_not_shown() -> None:
    settings = override(load_settings(), {"database_url": "postgresql://user:hunter2@host/db"})
    assert "hunter2" not in repr(settings)


KEYS = ("football_data_org_key", "the_odds_api_key", "sportmonks_api_key", "rapidapi_key")


@pytest.mark.parametrize("name", KEYS)
def test_a_key_is_kept_and_never_shown(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name.upper(), " hunter2 ")
    settings = pickle.loads(pickle.dumps(override(load_settings(), {"api_port": 8001})))  # noqa: S301
    assert getattr(settings, name).get_secret_value() == "hunter2"
    for shown in (repr(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert "hunter2" not in shown


@pytest.mark.parametrize("name", KEYS)
def test_a_blank_key_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name.upper(), "  ")
    assert not getattr(load_settings(), name)


@pytest.mark.parametrize("key", ["hunter2\nX-Other: 1", "hunter2 hunter3", "hunter\u00b2"])
def test_what_cannot_be_a_key_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("SPORTMONKS_API_KEY", key)
    with pytest.raises(SettingsError, match="SPORTMONKS_API_KEY: Value error, must be the key") as refused:
        load_settings()
    assert "hunter" not in str(refused.value)


def test_a_command_line_is_checked_like_the_environment() -> None:
    assert override(load_settings(), {"worker_queues": "cpu, default"}).queues == ("cpu", "default")
    with pytest.raises(SettingsError, match="WORKER_CONCURRENCY"):
        override(load_settings(), {"worker_concurrency": 0})
