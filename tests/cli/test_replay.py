"""`matchday replay`: a few days of the whole operation, through real processes and the real queue."""

import json
import tempfile
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cli.processes import LONGEST_WAIT, start
from tests.cli.small_league import write_league

LONGEST_REPLAY = 200
TUESDAY, FRIDAY = date(2015, 10, 13), date(2015, 10, 16)  # of one week: it trains once


@pytest.fixture
def league(tmp_path: Path) -> Path:
    """The last season's prices fall by a tenth until kick-off, each of them."""
    return write_league(tmp_path / "league", last_odds="1.98,3.63,3.63,1.80,3.30,3.30")


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Where the replay puts its temporary folders: short, for sockets, and open to the server's user."""
    with tempfile.TemporaryDirectory(prefix="md-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.timeout(240)
def test_a_few_days_are_trained_bet_and_settled_and_drawn(
    temporary: Path, tmp_path: Path, league: Path
) -> None:
    chart, log = tmp_path / "season.png", tmp_path / "log"
    days = ("--from", TUESDAY.isoformat(), "--to", FRIDAY.isoformat())
    options = ("--data", str(league), "--chart", str(chart), "--bankroll", "500", "--json")
    process = start("cli.main", "replay", *days, *options, log=log, TMPDIR=str(temporary))
    told, _ = process.communicate(timeout=LONGEST_REPLAY)
    assert process.returncode == 0, log.read_text()
    report = json.loads(told.splitlines()[-1])
    bets = report["bets"]
    assert bets["bets"] > 0
    assert Decimal(report["bankroll"]) == 500 + Decimal(bets["profit"])
    assert bets["closing_line"]["raw"] == pytest.approx(0.1)
    # Two a day at noon; those of Tuesday were over before the first round.
    assert report["predictions"]["model"]["matches"] == 2 * (FRIDAY - TUESDAY).days
    assert (
        report["predictions"]["market_open"]["matches"]
        == report["predictions"]["market_close"]["matches"]
        == 6
    )
    assert [month["month"] for month in report["months"]] == ["2015-10"]
    assert report["trainings"] == {"deployed": 1}
    assert chart.read_bytes().startswith(b"\x89PNG")
    assert list(temporary.iterdir()) == []
    assert "CLV fair" in log.read_text()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--from", "2021-08-02", "--to", "2021-08-01", "--data", "."), "--to 2021-08-01 is before --from"),
        (("--from", "2021-08-01", "--to", "2999-01-01", "--data", "."), "at most"),
        (("--from", "2021-08-01", "--to", "2021-08-02", "--data", "nowhere"), "there is no such folder"),
        (
            ("--from", "2021-08-01", "--to", "2021-08-02", "--data", ".", "--bankroll", "-5"),
            "an amount above 0",
        ),
        (("--from", "2021-08-01", "--to", "2021-08-02", "--data", ".", "--chart", "a.jpg"), "end with .png"),
        (("--from", "2021-08-01", "--to", "2021-08-02", "--data", ".", "--chart", "no/a.png"), "no folder"),
    ],
)
def test_what_cannot_be_replayed_is_told_at_once(options: tuple[str, ...], says: str, tmp_path: Path) -> None:
    process = start("cli.main", "replay", *options, log=tmp_path / "log")
    process.communicate(timeout=LONGEST_WAIT)
    assert process.returncode == 2
    assert says in (tmp_path / "log").read_text()
