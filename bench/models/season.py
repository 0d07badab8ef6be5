"""Seasons as people write them."""

import re

from providers.football_data_match import FIRST_YEAR_OF_1900
from providers.seasons import season_name

WRITTEN = re.compile(r"(?:(?:19|20)?(\d\d))[-/]?(\d\d)", re.ASCII)
CENTURY = 100


class NoSeason(Exception):
    """The text names no season."""


def season_from(text: str) -> str:
    """2122, 2021-22 and 2021/22 are all "2021-22". Raises NoSeason."""
    written = WRITTEN.fullmatch(text.strip())
    if written is None or (int(written[1]) + 1) % CENTURY != int(written[2]):
        raise NoSeason(f"TEST_FROM={text} is no season: write 2122 or 2021-22")
    year = int(written[1])
    return season_name(year + (1900 if year >= FIRST_YEAR_OF_1900 else 2000))
