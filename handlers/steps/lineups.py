"""Stores what an answer says of people: team sheets where they changed, and what players did."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from handlers.steps.told import Told
from providers.rows import LineupRow, MatchBatch, PlayerStatRow
from store.lineups import NewLineup, NewPlayerStats, add_lineups, save_player_stats
from store.match_lookup import nearest_matches

OF_MATCH = ("match_external_id", "player_external_id")


@dataclass(frozen=True)
class People:
    """How many team sheets were new or changed, of which matches; how many players' figures were."""

    sheets: int
    matches: tuple[int, ...]
    players: int


async def store_people(
    conn: AsyncConnection, job_id: int, source: str, batch: MatchBatch, told: Sequence[Told], now: datetime
) -> People:
    """For the matches that are stored; of one that was held back nothing is kept."""
    if not batch.lineups and not batch.player_stats:
        return People(0, (), 0)
    ids = await _ids(conn, told)
    sheets = [_sheet(row, source, ids) for row in batch.lineups if row.match_external_id in ids]
    changed = await add_lineups(conn, job_id, sheets)
    figures = [_figures(row, source, ids, now) for row in batch.player_stats if row.match_external_id in ids]
    return People(len(changed), tuple(sorted(set(changed))), await save_player_stats(conn, job_id, figures))


async def _ids(conn: AsyncConnection, told: Sequence[Told]) -> dict[str, int]:
    """The stored matches by the source's own keys."""
    near = await nearest_matches(conn, [row.match for row in told])
    return {
        row.external_id: near[number].match_id
        for number, row in enumerate(told)
        if number in near and row.external_id is not None
    }


def _sheet(row: LineupRow, source: str, ids: dict[str, int]) -> NewLineup:
    players = [asdict(player) for player in row.players]
    return NewLineup(ids[row.match_external_id], row.side, source, row.team, row.known_at, players)


def _figures(row: PlayerStatRow, source: str, ids: dict[str, int], now: datetime) -> NewPlayerStats:
    figures = {name: value for name, value in asdict(row).items() if name not in OF_MATCH}
    return NewPlayerStats(
        match_id=ids[row.match_external_id],
        source=source,
        player_id=row.player_external_id,
        known_at=now,
        **figures,
    )
