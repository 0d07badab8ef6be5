"""Bets and what they brought, as the API shows them. Money and prices are exact: texts with decimals."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, PlainSerializer

from app.moments import UtcTime
from app.schemas import Out
from betting.bet_calibration import BetCalibration
from betting.closing_line import closing_line_value
from betting.odds import OddsFormat, format_price
from betting.performance import Performance
from store.bet_history import BetRow
from store.settlements import SettlementRow

BetStatus = Literal["open", "won", "half_won", "push", "half_lost", "lost", "void"]


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _price(price: Decimal) -> str:
    return format_price(price, OddsFormat.DECIMAL)


def _line(line: Decimal) -> str:
    return f"{line.normalize():f}"


Money = Annotated[Decimal, PlainSerializer(_money, return_type=str), Field(examples=["12.50"])]
Price = Annotated[Decimal, PlainSerializer(_price, return_type=str), Field(examples=["2.05"])]
Line = Annotated[Decimal, PlainSerializer(_line, return_type=str), Field(examples=["2.5"])]


class BetMatchOut(Out):
    """The match that was bet on; `kickoff_at` is when it was to start as the bet was placed."""

    id: int
    league: str
    season: str
    kickoff_at: UtcTime
    home_team: str
    away_team: str
    home_goals: int | None
    away_goals: int | None


class ClosingOut(Out):
    """The last price before kick-off and the market's probability then; `raw` and `fair`: how much better
    the price taken was than it, as it stood and with the margin removed (0.02 is 2%).
    """

    price: Price
    probability: float
    raw: float
    fair: float


class BetOut(Out):
    """Money on a selection; `probability` is what the model gave it."""

    id: int
    bankroll: str
    match: BetMatchOut
    pick_id: int | None
    market: str
    line: Line | None
    selection: str
    bookmaker: str
    price: Price
    stake: Money
    probability: float | None
    placed_at: UtcTime
    status: BetStatus
    returned: Money | None
    profit: Money | None
    closing: ClosingOut | None
    settled_at: UtcTime | None

    @classmethod
    def of(cls, bet: BetRow) -> Self:
        return cls.model_validate(_shown(bet))


class BetPage(Out):
    items: list[BetOut]
    next_cursor: str | None


class SettlementOut(Out):
    """One settlement; `difference` is what was paid with it, or taken back."""

    settled_at: UtcTime
    status: BetStatus
    returned: Money
    difference: Money
    ending: str
    home_goals: int | None
    away_goals: int | None
    why: str
    job_id: int


class BetWithTrail(BetOut):
    """A bet with its settlements: the first, and one for each correction."""

    settlements: list[SettlementOut]

    @classmethod
    def of_trail(cls, bet: BetRow, settlements: list[SettlementRow]) -> Self:
        shown = [SettlementOut.model_validate(row) for row in settlements]
        return cls.model_validate({**_shown(bet), "settlements": shown})


class ClosingLineOut(Out):
    """Means of closing line value with their standard errors; `share_beating` the raw close."""

    bets: int
    raw: float | None
    raw_error: float | None
    fair: float | None
    fair_error: float | None
    share_beating: float | None


class BetCalibrationOut(Out):
    """The share of bets that was thought to win, and the one that did, with its standard error."""

    bets: int
    expected: float | None
    won: float | None
    error: float | None


class FiguresOut(Out):
    """What settled bets came to. `roi`: profit by bankroll at the start; `yield`: profit by stakes."""

    closing_line: ClosingLineOut
    calibration: BetCalibrationOut
    bets: int
    void: int
    staked: Money
    returned: Money
    profit: Money
    roi: float | None
    turnover_yield: float | None = Field(serialization_alias="yield")
    yield_error: float | None
    strike_rate: float | None
    mean_price: Price | None
    drawdown: Money
    drawdown_share: float | None
    longest_losing_run: int

    @classmethod
    def of(cls, figures: Performance, calibration: BetCalibration) -> Self:
        return cls.model_validate({**vars(figures), "calibration": calibration})


class MonthOut(Out):
    month: date = Field(description="Its first day")
    figures: FiguresOut


class GroupOut(Out):
    name: str
    figures: FiguresOut


class PerformanceOut(Out):
    """The bets settled after `settled_from` and by `settled_to`, from a bankroll of `starts_with`."""

    bankroll: str
    settled_from: UtcTime | None
    settled_to: UtcTime
    says: str
    starts_with: Money
    overall: FiguresOut
    by_month: list[MonthOut]
    by_market: list[GroupOut]
    by_league: list[GroupOut]


def _shown(bet: BetRow) -> dict[str, object]:
    columns = {name: getattr(bet, name) for name in BetRow.__dataclass_fields__}
    return {
        **columns,
        "match": {**columns, "id": bet.match_id, "league": bet.league_code},
        "closing": _closing(bet),
    }


def _closing(bet: BetRow) -> dict[str, object] | None:
    if bet.closing_price is None or bet.closing_probability is None:
        return None
    value = closing_line_value(bet.price, bet.closing_price, bet.closing_probability)
    return {"price": bet.closing_price, "probability": bet.closing_probability, **vars(value)}
