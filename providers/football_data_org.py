"""Football-Data.org v4: fixtures, states and results of the big leagues; 10 requests a minute for free.

Documented on docs.football-data.org. `dateTo` is the instant at which that day begins, and a period of more
than 10 days is answered with 400.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from pydantic import SecretStr

from providers.client import BOUNDS, Bounds, Client
from providers.errors import AnswerUnusable
from providers.gate import OPEN_GATE, Gate
from providers.reply import Reply, whole_seconds
from providers.rows import MatchBatch, MatchRow, MatchStatus
from providers.seasons import season_of
from providers.wire import ElementRefused, Goals, Moment, Name, Place, Wire, elements

SOURCE = "football_data_org"
BASE_URL = "https://api.football-data.org/v4"
LONGEST_PERIOD = timedelta(days=10)
# Their competitions, by our leagues; the free plan has the first eight.
FREE_COMPETITIONS = {
    "E0": "PL",
    "E1": "ELC",
    "D1": "BL1",
    "I1": "SA",
    "SP1": "PD",
    "F1": "FL1",
    "N1": "DED",
    "P1": "PPL",
}
COMPETITIONS = {
    **FREE_COMPETITIONS,
    "E2": "EL1",
    "E3": "EL2",
    "D2": "BL2",
    "I2": "SB",
    "SP2": "SD",
    "F2": "FL2",
    "B1": "BJL",
}
LEAGUES = {competition: league for league, competition in COMPETITIONS.items()}
# A match that is broken off for good stays SUSPENDED: there is no other word for it.
STATUSES = {
    "SCHEDULED": MatchStatus.SCHEDULED,
    "TIMED": MatchStatus.SCHEDULED,
    "IN_PLAY": MatchStatus.IN_PLAY,
    "PAUSED": MatchStatus.IN_PLAY,
    "EXTRA_TIME": MatchStatus.IN_PLAY,
    "PENALTY_SHOOTOUT": MatchStatus.IN_PLAY,
    "FINISHED": MatchStatus.PLAYED,
    "SUSPENDED": MatchStatus.ABANDONED,
    "POSTPONED": MatchStatus.POSTPONED,
    "CANCELLED": MatchStatus.CANCELLED,
    "AWARDED": MatchStatus.AWARDED,
}
# Of these only the day is told, as midnight; a match that is TIMED for midnight is meant so.
WITHOUT_TIME = ("SCHEDULED", "POSTPONED", "CANCELLED")


class _Goals(Wire):
    home: Goals | None = None
    away: Goals | None = None

    @property
    def both(self) -> tuple[int, int] | tuple[None, None]:
        return (None, None) if self.home is None or self.away is None else (self.home, self.away)


class _Score(Wire):
    duration: str | None = None
    fullTime: _Goals = _Goals()
    halfTime: _Goals = _Goals()
    regularTime: _Goals | None = None


class _Team(Wire):
    name: Name


class _Competition(Wire):
    code: str


class _Match(Wire):
    id: int
    utcDate: Moment
    status: str
    competition: _Competition
    homeTeam: _Team
    awayTeam: _Team
    score: _Score = _Score()


@dataclass(frozen=True)
class FootballDataOrg:
    """The provider with a key of ours."""

    key: SecretStr
    gate: Gate = OPEN_GATE
    base_url: str = BASE_URL
    bounds: Bounds = BOUNDS

    async def matches(
        self, first_day: date, last_day: date, leagues: Collection[str] | None = None
    ) -> MatchBatch:
        """The matches that kick off on these days (UTC, both included), one request for each ten of them.

        `leagues` are our codes, those that the provider does not have are left out; None is the free plan's.
        Raises ProviderError: KeyRefused also where the plan lacks a league.
        """
        wanted = FREE_COMPETITIONS if leagues is None else COMPETITIONS
        competitions = [code for league, code in wanted.items() if leagues is None or league in leagues]
        batch = MatchBatch([], [])
        if not competitions:
            return batch
        headers = {"X-Auth-Token": self.key.get_secret_value()}
        async with Client(
            SOURCE, gate=self.gate, headers=headers, quota=quota_used_up, bounds=self.bounds
        ) as client:
            for begin, end in _periods(first_day, last_day):
                query = {
                    "competitions": ",".join(competitions),
                    "dateFrom": begin.isoformat(),
                    "dateTo": end.isoformat(),
                }
                batch.add(read_matches(await client.get_json(f"{self.base_url}/matches", query)))
        return _within(batch, first_day, last_day)


def quota_used_up(reply: Reply) -> timedelta | None:
    """X-Requests-Available-Minute is what is left, X-RequestCounter-Reset the seconds until it is full."""
    reset = whole_seconds(reply.headers.get("X-RequestCounter-Reset"))
    if reply.status == 429 and "Retry-After" not in reply.headers:
        return reset
    return reset if reply.headers.get("X-Requests-Available-Minute") == "0" else None


def read_matches(answer: object) -> MatchBatch:
    """The matches of an answer, each a row or rejected. Raises AnswerUnusable."""
    place = Place(SOURCE, "matches")
    if not isinstance(answer, dict):
        raise AnswerUnusable(SOURCE, "the answer is no object")
    batch = MatchBatch([], [])
    for here, element, match in elements(answer.get("matches"), _Match, place, batch.rejected):
        try:
            batch.matches.append(_row(match))
        except ElementRefused as refusal:
            batch.rejected.append(here.rejected(str(refusal), element))
    return batch


def _periods(first_day: date, last_day: date) -> Iterator[tuple[date, date]]:
    begin, end = first_day, last_day + timedelta(days=1)
    while begin < end:
        until = min(begin + LONGEST_PERIOD, end)
        yield begin, until
        begin = until


def _within(batch: MatchBatch, first_day: date, last_day: date) -> MatchBatch:
    """Each match once and of the days asked for: a match at midnight is in the periods of both sides."""
    once = {match.external_id: match for match in batch.matches}
    asked = [match for match in once.values() if first_day <= match.kickoff_at.date() <= last_day]
    return MatchBatch(asked, batch.rejected)


def _row(match: _Match) -> MatchRow:
    league = LEAGUES.get(match.competition.code)
    if league is None:
        raise ElementRefused(f"competition {match.competition.code[:20]!r} is none of the known leagues")
    status = STATUSES.get(match.status)
    if status is None:
        raise ElementRefused(f"status {match.status[:20]!r} is not known")
    kickoff, time_known = _kickoff(match)
    goals = _goals(match, status)
    half_time = match.score.halfTime.both if goals[0] is not None else (None, None)
    return MatchRow(
        league_code=league,
        season=season_of(league, kickoff.date()),
        kickoff_at=kickoff,
        kickoff_time_known=time_known,
        home_team=match.homeTeam.name,
        away_team=match.awayTeam.name,
        home_goals=goals[0],
        away_goals=goals[1],
        status=status,
        half_time_home_goals=half_time[0],
        half_time_away_goals=half_time[1],
        external_id=str(match.id),
    )


def _kickoff(match: _Match) -> tuple[datetime, bool]:
    kickoff = match.utcDate
    if match.status in WITHOUT_TIME and kickoff.time() == time(0):
        return kickoff + timedelta(hours=12), False
    return kickoff, True


def _goals(match: _Match, status: MatchStatus) -> tuple[int, int] | tuple[None, None]:
    """Of the regular time: fullTime has the goals of extra time and of a shoot-out in it."""
    if status not in (MatchStatus.PLAYED, MatchStatus.AWARDED):
        return None, None
    score = match.score
    if score.regularTime is not None:
        goals = score.regularTime.both
    elif score.duration in (None, "REGULAR"):
        goals = score.fullTime.both
    else:
        raise ElementRefused("a match with extra time without the score of its regular time")
    if goals[0] is None and status is MatchStatus.PLAYED:
        raise ElementRefused("a finished match without a score")
    return goals
