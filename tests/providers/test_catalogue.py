"""Which providers are turned on by which settings, and that asking costs nothing."""

import subprocess
import sys
from typing import Any

import pytest
from pydantic import SecretStr

from config.settings import Settings
from providers import football_data_file, football_data_org, rdatasets, sportmonks_wire, the_odds_api_event
from providers.catalogue import PROVIDERS, Gives, disabled, enabled


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in {name for provider in PROVIDERS for name in provider.settings}:
        monkeypatch.delenv(name, raising=False)


def given(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


def names(settings: Settings) -> list[str]:
    return [provider.name for provider in enabled(settings)]


def test_without_keys_only_what_needs_none_is_turned_on() -> None:
    assert names(given()) == ["rdatasets"]


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("football_data", "football_data"),
        ("football_data_org_key", "football_data_org"),
        ("the_odds_api_key", "the_odds_api"),
        ("rapidapi_key", "the_odds_api"),
        ("sportmonks_api_key", "sportmonks"),
    ],
)
def test_a_setting_turns_its_provider_on(setting: str, name: str) -> None:
    assert names(given(**{setting: "value"})) == ["rdatasets", name]


def test_a_blank_key_is_none() -> None:
    assert names(given(sportmonks_api_key=SecretStr("  "))) == ["rdatasets"]


def test_a_missing_key_is_one_line_that_says_what_is_left_out() -> None:
    reasons = {each.provider.name: each.reason for each in disabled(given(football_data="folder"))}
    assert reasons == {
        "football_data_org": "FOOTBALL_DATA_ORG_KEY is not set: Football-Data.org gives no results, fixtures",
        "the_odds_api": "neither THE_ODDS_API_KEY nor RAPIDAPI_KEY is set: "
        "The Odds API gives no odds, results, fixtures",
        "sportmonks": "SPORTMONKS_API_KEY is not set: "
        "SportMonks gives no line-ups, statistics, results, fixtures",
    }


def test_every_provider_is_either_on_or_off() -> None:
    settings = given(the_odds_api_key="key")
    found = [*enabled(settings), *(each.provider for each in disabled(settings))]
    assert sorted(provider.name for provider in found) == sorted(provider.name for provider in PROVIDERS)


def test_names_are_the_sources_of_the_rows() -> None:
    assert {provider.name for provider in PROVIDERS} == {
        *(rdatasets.SOURCE, football_data_file.SOURCE, football_data_org.SOURCE),
        *(the_odds_api_event.SOURCE, sportmonks_wire.SOURCE),
    }


def test_settings_are_there_and_every_key_has_a_limit() -> None:
    for provider in PROVIDERS:
        assert {name.lower() for name in provider.settings} <= set(Settings.model_fields)
        assert (provider.limit is not None) == any(name.endswith("KEY") for name in provider.settings)


def test_somebody_gives_each_kind_of_data() -> None:
    assert {kind for provider in PROVIDERS for kind in provider.gives} == set(Gives)


def test_asking_loads_no_library_that_only_workers_have() -> None:
    heavy = "{'pandas', 'pandera', 'numpy', 'httpx2', 'rdatasets'} & set(sys.modules)"
    code = f"import sys, providers.catalogue; sys.exit(str({heavy}) if {heavy} else 0)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
