"""The Odds API v4: odds of many bookmakers, and scores; paid by credits, directly or through RapidAPI.

Documented on the-odds-api.com/liveapi/guides/v4. A call for odds costs one credit for each market and region,
one for scores two; the free plan has 500 a month. There is no paging.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import SecretStr

from providers.client import BOUNDS, Bounds, Client
from providers.errors import RequestRefused
from providers.gate import OPEN_GATE, Gate
from providers.reply import Quota, Reply, error_code, whole_seconds
from providers.rows import MatchBatch
from providers.the_odds_api_event import SOURCE, Asked, read_odds, read_scores

BASE_URL = "https://api.the-odds-api.com/v4"
RAPIDAPI_HOST = "odds.p.rapidapi.com"
RAPIDAPI_URL = f"https://{RAPIDAPI_HOST}/v4"
MARKETS = ("h2h", "totals")
# Their keys, by our leagues.
SPORTS = {
    "E0": "soccer_epl",
    "E1": "soccer_efl_champ",
    "E2": "soccer_england_league1",
    "E3": "soccer_england_league2",
    "SC0": "soccer_spl",
    "D1": "soccer_germany_bundesliga",
    "D2": "soccer_germany_bundesliga2",
    "I1": "soccer_italy_serie_a",
    "I2": "soccer_italy_serie_b",
    "SP1": "soccer_spain_la_liga",
    "SP2": "soccer_spain_segunda_division",
    "F1": "soccer_france_ligue_one",
    "F2": "soccer_france_ligue_two",
    "N1": "soccer_netherlands_eredivisie",
    "B1": "soccer_belgium_first_div",
    "P1": "soccer_portugal_primeira_liga",
    "T1": "soccer_turkey_super_league",
    "G1": "soccer_greece_super_league",
}
# Credits come back on a day of the month that no answer tells: whoever has none asks again a day later.
NO_CREDITS_WAIT = timedelta(days=1)

Region = Literal["uk", "eu", "us", "us2", "au"]
EUROPE: tuple[Region, ...] = ("eu",)


@dataclass(frozen=True)
class TheOddsApi:
    """The provider with a key of ours: its own, or one of RapidAPI, which sells the same answers.

    One league a call, so that what was paid for can be stored before the next one may fail. A league that is
    not in season has no rows. Errors are ProviderErrors; RateLimited also where the credits are used up.
    """

    key: SecretStr
    gate: Gate = OPEN_GATE
    base_url: str = BASE_URL
    through_rapidapi: bool = False
    bounds: Bounds = BOUNDS

    @classmethod
    def of_rapidapi(
        cls, key: SecretStr, gate: Gate = OPEN_GATE, base_url: str = RAPIDAPI_URL, bounds: Bounds = BOUNDS
    ) -> "TheOddsApi":
        return cls(key, gate, base_url, through_rapidapi=True, bounds=bounds)

    @classmethod
    def of_keys(
        cls, own: SecretStr, rapidapi: SecretStr, gate: Gate = OPEN_GATE, base_url: str = BASE_URL
    ) -> "TheOddsApi":
        """With its own key at `base_url` if there is one, else with that of RapidAPI at RapidAPI."""
        return cls(own, gate, base_url) if own else cls.of_rapidapi(rapidapi, gate)

    async def odds(self, league: str, now: datetime, regions: Collection[Region] = EUROPE) -> MatchBatch:
        """The matches of a league that are to come or running, with the odds from before their kick-off.

        Match result, and over/under of every line that a bookmaker has as its main one. Two credits a region.
        """
        query = {
            "regions": ",".join(sorted(regions)),
            "markets": ",".join(MARKETS),
            "oddsFormat": "decimal",
            "dateFormat": "iso",
        }
        return await self._read(league, "odds", query, now, read_odds)

    async def scores(self, league: str, now: datetime, days_back: int = 3) -> MatchBatch:
        """The matches of a league of the last one to three days, and those to come. Two credits."""
        query = {"daysFrom": str(days_back), "dateFormat": "iso"}
        return await self._read(league, "scores", query, now, read_scores)

    async def _read(
        self,
        league: str,
        what: str,
        query: dict[str, str],
        now: datetime,
        reader: Callable[[object, Asked], MatchBatch],
    ) -> MatchBatch:
        sport = SPORTS.get(league)
        if sport is None:
            return MatchBatch([], [])
        try:
            async with self._client() as client:
                answer = await client.get_json(f"{self.base_url}/sports/{sport}/{what}", query)
        except RequestRefused as refusal:
            if not _is_out_of_season(refusal):
                raise
            return MatchBatch([], [])
        return reader(answer, Asked(league, what, now))

    def _client(self) -> Client:
        key = self.key.get_secret_value()
        if self.through_rapidapi:
            headers = {"X-RapidAPI-Key": key, "X-RapidAPI-Host": RAPIDAPI_HOST}
            return self._made(headers, {}, rapidapi_quota_used_up)
        return self._made({}, {"apiKey": key}, credits_used_up)

    def _made(self, headers: dict[str, str], query: dict[str, str], quota: Quota) -> Client:
        return Client(SOURCE, gate=self.gate, headers=headers, query=query, quota=quota, bounds=self.bounds)


def credits_used_up(reply: Reply) -> timedelta | None:
    """A key without credits is refused with 401 as a wrong one is: only the error code tells them apart."""
    if reply.status == 401 and error_code(reply) == "OUT_OF_USAGE_CREDITS":
        return NO_CREDITS_WAIT
    return None


def rapidapi_quota_used_up(reply: Reply) -> timedelta | None:
    """RapidAPI counts by itself, and tells the seconds until its own quota is full again."""
    if reply.headers.get("x-ratelimit-requests-remaining") != "0":
        return credits_used_up(reply)
    return whole_seconds(reply.headers.get("x-ratelimit-requests-reset"))


def _is_out_of_season(refusal: RequestRefused) -> bool:
    """404 and 422 are so answered, but also what is wrong about the request: then the code says INVALID."""
    return refusal.status in (404, 422) and not refusal.code.startswith("INVALID")
