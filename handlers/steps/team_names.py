"""Whom a source means by the names of teams: one names those of a league, the others are matched to it."""

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from config.settings import Settings
from handlers.steps.scope import FILES
from sports.football.leagues import LEAGUES, country_of
from sports.football.team_matching import Suggestion, TeamMatcher
from sports.football.teams import team_name, tidied
from store.match_lookup import naming_sources, teams_of
from store.providers import provider_states_by_source
from store.teams import aliases_of


@dataclass
class TeamNames:
    """By league; `own` are the leagues whose teams are called as this source calls them."""

    own: frozenset[str]
    known: dict[str, set[str]]
    aliases: dict[str, dict[str, str]]
    _matchers: dict[str, TeamMatcher] = field(default_factory=dict)

    def find(self, league: str, raw: str) -> str | None:
        """The team's name as it is stored; None where nobody knows for certain who is meant."""
        if league not in self.own:
            return self._matcher(league).find(raw)
        confirmed = self.aliases.get(country_of(league), {}).get(tidied(raw))
        return confirmed or team_name(raw)

    def suggest(self, league: str, raw: str) -> list[Suggestion]:
        return self._matcher(league).suggest(raw)

    def _matcher(self, league: str) -> TeamMatcher:
        country = country_of(league)
        if country not in self._matchers:
            known, aliases = self.known.get(country, set()), self.aliases.get(country, {})
            self._matchers[country] = TeamMatcher(known, aliases)
        return self._matchers[country]


async def read_team_names(
    conn: AsyncConnection, source: str, leagues: Collection[str], settings: Settings
) -> TeamNames:
    """What is known now. The teams of a league may be stored by another league of its country."""
    countries = {country_of(league) for league in leagues}
    near = {*leagues, *(code for code, league in LEAGUES.items() if league.country in countries)}
    aliases: dict[str, dict[str, str]] = {}
    for row in await aliases_of(conn, source):
        aliases.setdefault(row.country, {})[row.alias] = row.team
    own = await _own_leagues(conn, source, leagues, settings)
    known: dict[str, set[str]] = {}
    if own != frozenset(leagues):
        for league, teams in (await teams_of(conn, sorted(near))).items():
            known.setdefault(country_of(league), set()).update(teams)
    return TeamNames(own, known, aliases)


async def _own_leagues(
    conn: AsyncConnection, source: str, leagues: Collection[str], settings: Settings
) -> frozenset[str]:
    """Files name the teams where there are any; else whoever has told most of a league, or is the first.

    Before files that are to be read have been, nobody is the first: they would name the same teams otherwise.
    """
    if source in FILES:
        return frozenset(leagues)
    namers = await naming_sources(conn, sorted(leagues), FILES)
    states = await provider_states_by_source(conn)
    files = states.get("football_data")
    is_waiting = bool(settings.football_data) and (files is None or files.last_success_at is None)
    first = None if is_waiting else source
    return frozenset(league for league in leagues if namers.get(league, first) == source)
