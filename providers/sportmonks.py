"""SportMonks Football v3: fixtures, results, line-ups and statistics, page by page.

Documented on docs.sportmonks.com/v3. The budget is one per kind of data and hour, and told in the body of
every answer.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pydantic import SecretStr, ValidationError

from providers.client import BOUNDS, Bounds, Client
from providers.errors import AnswerUnusable
from providers.gate import OPEN_GATE, Gate
from providers.reply import Reply
from providers.rows import MatchBatch
from providers.sportmonks_fixture import read_fixtures
from providers.sportmonks_wire import LEAGUES, PLAYER_TYPES, SOURCE, TEAM_TYPES
from providers.wire import Place, Wire

BASE_URL = "https://api.sportmonks.com/v3/football"
INCLUDES = ("participants", "scores", "state", "lineups.details", "statistics")
PER_PAGE = 50
LONGEST_PERIOD_DAYS = 100
# More than all leagues have in the longest period: past it the paging is in a circle.
MOST_PAGES = 200


class _Pagination(Wire):
    has_more: bool = False


class _RateLimit(Wire):
    remaining: int
    resets_in_seconds: int

    @property
    def used_up(self) -> timedelta | None:
        return timedelta(seconds=self.resets_in_seconds) if self.remaining <= 0 else None


class _Page(Wire):
    """`pagination` is missing from an answer that is one page, `data` from one that found nothing."""

    data: list[object] | None = None
    message: str | None = None
    pagination: _Pagination | None = None
    rate_limit: _RateLimit | None = None


class _TooMany(Wire):
    retry_after: int | None = None
    rate_limit: _RateLimit | None = None


@dataclass(frozen=True)
class SportMonks:
    """The provider with a key of ours."""

    key: SecretStr
    gate: Gate = OPEN_GATE
    base_url: str = BASE_URL
    bounds: Bounds = BOUNDS

    async def fixtures(
        self, first_day: date, last_day: date, now: datetime, leagues: Collection[str] | None = None
    ) -> MatchBatch:
        """The matches of these days (UTC, both included) with line-ups and statistics as far as they are out.

        `leagues` are our codes, those that the provider does not have are left out; None is all that it has
        and the plan includes. Raises ProviderError.
        """
        ids = [number for number, code in LEAGUES.items() if leagues is None or code in leagues]
        batch = MatchBatch([], [])
        if not ids:
            return batch
        headers = {"Authorization": self.key.get_secret_value()}
        async with Client(
            SOURCE, gate=self.gate, headers=headers, quota=quota_used_up, bounds=self.bounds
        ) as client:
            for begin, end in _periods(first_day, last_day):
                url = f"{self.base_url}/fixtures/between/{begin.isoformat()}/{end.isoformat()}"
                await self._read_pages(client, url, ids, now, batch)
        return batch

    async def _read_pages(
        self, client: Client, url: str, ids: list[int], now: datetime, batch: MatchBatch
    ) -> None:
        for number in range(1, MOST_PAGES + 1):
            page = _page_of(await client.get_json(url, _query(ids, number)))
            if page.rate_limit and (wait := page.rate_limit.used_up):
                await self.gate.block(wait)
            place = Place(SOURCE, f"fixtures page {number}")
            if page.data is None and page.message:
                # Nothing was found, or the plan does not include it: only the words tell.
                batch.rejected.append(place.rejected(f"no data: {page.message[:200]}"))
            batch.add(read_fixtures(page.data or [], place, now))
            if not page.data or page.pagination is None or not page.pagination.has_more:
                return
        raise AnswerUnusable(SOURCE, f"there are more than {MOST_PAGES} pages")


def quota_used_up(reply: Reply) -> timedelta | None:
    """What the body of a 429 says; the budget in good answers is read where they are."""
    if reply.status != 429:
        return None
    try:
        said = _TooMany.model_validate(json.loads(reply.body))
    except (ValueError, RecursionError):
        return None
    if said.retry_after is not None:
        return timedelta(seconds=said.retry_after)
    return said.rate_limit.used_up if said.rate_limit else None


def _periods(first_day: date, last_day: date) -> Iterator[tuple[date, date]]:
    begin = first_day
    while begin <= last_day:
        end = min(begin + timedelta(days=LONGEST_PERIOD_DAYS - 1), last_day)
        yield begin, end
        begin = end + timedelta(days=1)


def _query(ids: list[int], page: int) -> dict[str, str]:
    filters = {"fixtureLeagues": ids, "fixtureStatisticTypes": TEAM_TYPES, "lineupDetailTypes": PLAYER_TYPES}
    return {
        "include": ";".join(INCLUDES),
        "filters": ";".join(f"{name}:{','.join(map(str, values))}" for name, values in filters.items()),
        "per_page": str(PER_PAGE),
        "page": str(page),
    }


def _page_of(answer: object) -> _Page:
    try:
        return _Page.model_validate(answer)
    except ValidationError:
        raise AnswerUnusable(SOURCE, "the answer is no page of fixtures") from None
