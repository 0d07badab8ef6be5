"""What bookmakers offer: of each its latest price, of all the best one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from betting.markets import Selection
from betting.odds import check_price


@dataclass(frozen=True)
class Offer:
    """A bookmaker's price for a selection, as it was known at that moment. Raises OddsError."""

    bookmaker: str
    selection: Selection
    price: Decimal
    known_at: datetime

    def __post_init__(self) -> None:
        check_price(self.price)

    def is_older(self, than: timedelta, now: datetime) -> bool:
        return now - self.known_at > than


def best_offers(offers: Iterable[Offer], now: datetime, oldest: timedelta) -> list[Offer]:
    """The highest price of each selection known by `now`; one older than `oldest` where there is no other.

    Of equal ones the first bookmaker by name; of two prices a bookmaker has at one moment, the lower.
    """
    best: dict[Selection, Offer] = {}
    for offer in sorted(_latest(offers, now), key=lambda offer: offer.bookmaker):
        known = best.setdefault(offer.selection, offer)
        best[offer.selection] = max(known, offer, key=lambda one: (not one.is_older(oldest, now), one.price))
    return list(best.values())


def _latest(offers: Iterable[Offer], now: datetime) -> Iterable[Offer]:
    latest: dict[tuple[Selection, str], Offer] = {}
    for offer in sorted(offers, key=lambda offer: (offer.known_at, -offer.price)):
        if offer.known_at <= now:
            latest[offer.selection, offer.bookmaker] = offer
    return latest.values()
