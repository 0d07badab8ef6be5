"""`.env.example` and the settings say the same."""

import re
from pathlib import Path

import pytest

from config.settings import Settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"
ASSIGNMENT = re.compile(r"^#?([A-Z_]+)=", re.MULTILINE)


@pytest.fixture
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_it_names_each_setting_once_and_nothing_else() -> None:
    named = ASSIGNMENT.findall(EXAMPLE.read_text())
    assert sorted(named) == sorted(name.upper() for name in Settings.model_fields)


def test_each_setting_has_a_comment_above_it() -> None:
    paragraphs = EXAMPLE.read_text().split("\n\n")
    bare = [text for text in paragraphs if ASSIGNMENT.search(text) and not text.startswith("# ")]
    assert bare == []


def test_a_copy_of_it_changes_nothing(no_environment: None) -> None:
    copied = Settings(_env_file=EXAMPLE)
    assert copied == Settings(_env_file=None)
