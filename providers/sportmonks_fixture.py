"""One fixture of SportMonks: the match, both team sheets, what players and teams did."""

from dataclasses import dataclass
from datetime import UTC, datetime

from providers.rows import (
    LineupPlayer,
    LineupRow,
    MatchBatch,
    MatchRow,
    MatchStatus,
    PlayerStatRow,
    Side,
    TeamStatisticRow,
)
from providers.seasons import season_of
from providers.sportmonks_wire import (
    LEAGUES,
    PLAYER_TYPES,
    POSITIONS,
    SOURCE,
    STARTER,
    STATUSES,
    TEAM_TYPES,
    Fixture,
    Lineup,
    Statistic,
)
from providers.wire import ElementRefused, Place, elements


@dataclass(frozen=True)
class _Team:
    side: Side
    name: str


def read_fixtures(data: object, place: Place, now: datetime) -> MatchBatch:
    """Every fixture of a page; what cannot be used of it is rejected by itself. Raises AnswerUnusable."""
    batch = MatchBatch([], [])
    for here, element, fixture in elements(data, Fixture, place, batch.rejected):
        try:
            match, teams = _match(fixture)
        except ElementRefused as refusal:
            batch.rejected.append(here.rejected(str(refusal), element))
            continue
        batch.matches.append(match)
        _read_people(fixture, match, teams, now, batch)
        _read_statistics(fixture, teams, batch)
    return batch


def _match(fixture: Fixture) -> tuple[MatchRow, dict[int, _Team]]:
    league = LEAGUES.get(fixture.league_id)
    if league is None:
        raise ElementRefused(f"league {fixture.league_id} is none of the known ones")
    status = STATUSES.get(fixture.state.developer_name)
    if status is None:
        raise ElementRefused(f"state {fixture.state.developer_name[:30]!r} is not known")
    teams = _teams(fixture)
    home, away = sorted(teams.values(), key=lambda team: team.side is Side.AWAY)
    kickoff = _kickoff(fixture)
    goals = _goals(fixture, status)
    half_time = _score(fixture, "1ST_HALF") if goals[0] is not None else (None, None)
    row = MatchRow(
        league_code=league,
        season=season_of(league, kickoff.date()),
        kickoff_at=kickoff,
        kickoff_time_known=fixture.state.developer_name != "TBA",
        home_team=home.name,
        away_team=away.name,
        home_goals=goals[0],
        away_goals=goals[1],
        status=status,
        half_time_home_goals=half_time[0],
        half_time_away_goals=half_time[1],
        external_id=str(fixture.id),
    )
    return row, teams


def _teams(fixture: Fixture) -> dict[int, _Team]:
    """By their ids. Who plays at home stands in `meta` and nowhere else."""
    teams = {each.id: _Team(Side(each.meta.location), each.name) for each in fixture.participants}
    if fixture.placeholder or sorted(team.side for team in teams.values()) != [Side.AWAY, Side.HOME]:
        raise ElementRefused("the teams are not one at home and one away")
    return teams


def _kickoff(fixture: Fixture) -> datetime:
    """The timestamp is safer: the text has no offset, and is in UTC unless another zone was asked for."""
    try:
        if fixture.starting_at_timestamp is not None:
            return datetime.fromtimestamp(fixture.starting_at_timestamp, UTC)
        return datetime.strptime(fixture.starting_at or "", "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        raise ElementRefused("the kick-off is missing or no time") from None


def _goals(fixture: Fixture, status: MatchStatus) -> tuple[int, int] | tuple[None, None]:
    """Of the regular time: 2ND_HALF is the score at its end, CURRENT has extra time in it."""
    if status not in (MatchStatus.PLAYED, MatchStatus.AWARDED):
        return None, None
    goals = _score(fixture, "2ND_HALF")
    if goals[0] is None and fixture.state.developer_name not in ("AET", "FT_PEN"):
        goals = _score(fixture, "CURRENT")
    if goals[0] is None and status is MatchStatus.PLAYED:
        raise ElementRefused("a finished match without the score of its regular time")
    return goals


def _score(fixture: Fixture, description: str) -> tuple[int, int] | tuple[None, None]:
    goals = {
        each.score.participant: each.score.goals
        for each in fixture.scores or []
        if each.description == description
    }
    return (goals["home"], goals["away"]) if len(goals) == 2 else (None, None)


def _read_people(
    fixture: Fixture, match: MatchRow, teams: dict[int, _Team], now: datetime, batch: MatchBatch
) -> None:
    """A team sheet is public before the match: whoever fetches it later could have known it at kick-off."""
    sheets: dict[int, list[LineupPlayer]] = {team: [] for team in teams}
    place, told = _about(fixture, "lineups"), fixture.lineups or []
    for here, element, entry in elements(told, Lineup, place, batch.rejected):
        if entry.team_id not in teams:
            batch.rejected.append(here.rejected("the team does not play in this match", element))
        else:
            sheets[entry.team_id].append(_player(entry))
            if entry.figures:
                batch.player_stats.append(_player_stats(fixture, teams[entry.team_id], entry))
    for number, players in sheets.items():
        if players:
            team, known_at = teams[number], min(now, match.kickoff_at)
            row = LineupRow(str(fixture.id), team.side, team.name, str(number), known_at, tuple(players))
            batch.lineups.append(row)


def _player(entry: Lineup) -> LineupPlayer:
    return LineupPlayer(
        external_id=str(entry.player_id),
        name=entry.player_name,
        is_starter=entry.type_id == STARTER,
        position=POSITIONS.get(entry.position_id) if entry.position_id else None,
        number=entry.jersey_number,
    )


def _player_stats(fixture: Fixture, team: _Team, entry: Lineup) -> PlayerStatRow:
    figures = entry.figures
    counts = {name: int(figures[name]) if name in figures else None for name in PLAYER_TYPES.values()}
    return PlayerStatRow(
        match_external_id=str(fixture.id),
        side=team.side,
        team=team.name,
        player_external_id=str(entry.player_id),
        player=entry.player_name,
        minutes=counts["minutes"],
        goals=counts["goals"],
        assists=counts["assists"],
        shots=counts["shots"],
        shots_on_target=counts["shots_on_target"],
        yellow_cards=counts["yellow_cards"],
        red_cards=counts["red_cards"],
        rating=figures.get("rating"),
    )


def _read_statistics(fixture: Fixture, teams: dict[int, _Team], batch: MatchBatch) -> None:
    place, told = _about(fixture, "statistics"), fixture.statistics or []
    for here, element, entry in elements(told, Statistic, place, batch.rejected):
        if entry.participant_id not in teams:
            batch.rejected.append(here.rejected("the team does not play in this match", element))
        elif entry.type_id in TEAM_TYPES:
            team, name = teams[entry.participant_id], TEAM_TYPES[entry.type_id]
            row = TeamStatisticRow(str(fixture.id), team.side, team.name, name, entry.data.value)
            batch.team_statistics.append(row)


def _about(fixture: Fixture, what: str) -> Place:
    return Place(SOURCE, f"fixture {fixture.id} {what}")
