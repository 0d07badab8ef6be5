"""What the API answers about bets and served predictions. Money and prices are texts: exact."""

from datetime import date, datetime

from pydantic import Field

from cli.answers import Answer


class BetMatch(Answer):
    league: str
    home_team: str
    away_team: str
    kickoff_at: datetime


class Closing(Answer):
    price: str
    raw: float
    fair: float


class Bet(Answer):
    id: int
    bankroll: str
    match: BetMatch
    market: str
    line: str | None
    selection: str
    bookmaker: str
    price: str
    stake: str
    probability: float | None
    placed_at: datetime
    status: str
    returned: str | None
    profit: str | None
    closing: Closing | None
    settled_at: datetime | None

    @property
    def bet_on(self) -> str:
        return f"{self.market} {self.selection} {self.line or ''}".rstrip()


class BetPage(Answer):
    items: list[Bet]
    next_cursor: str | None


class BetSettlement(Answer):
    settled_at: datetime
    status: str
    returned: str
    difference: str
    why: str


class BetWithTrail(Bet):
    settlements: list[BetSettlement]


class ClosingLine(Answer):
    bets: int
    raw: float | None
    raw_error: float | None
    fair: float | None
    fair_error: float | None
    share_beating: float | None


class Calibration(Answer):
    bets: int
    expected: float | None
    won: float | None
    error: float | None


class Figures(Answer):
    closing_line: ClosingLine
    calibration: Calibration
    bets: int
    void: int
    staked: str
    profit: str
    roi: float | None
    turnover_yield: float | None = Field(alias="yield")
    yield_error: float | None
    strike_rate: float | None
    mean_price: str | None
    drawdown: str
    drawdown_share: float | None
    longest_losing_run: int


class Month(Answer):
    month: date
    figures: Figures


class Group(Answer):
    name: str
    figures: Figures


class BetPerformance(Answer):
    bankroll: str
    says: str
    starts_with: str
    overall: Figures
    by_month: list[Month]
    by_market: list[Group]
    by_league: list[Group]


class ServedBets(Answer):
    bets: int
    roi: float | None
    closing_line_value: float | None


class ServedMarket(Answer):
    matches: int
    log_loss: float | None
    predictions_log_loss: float | None


class ServedPerformance(Answer):
    window_days: int
    day: date
    drifted: bool
    says: str
    matches: int
    log_loss: float | None
    log_loss_error: float | None
    promised_log_loss: float | None
    accuracy: float | None
    ece: float | None
    market: ServedMarket
    bets: ServedBets


class ServedPerformances(Answer):
    items: list[ServedPerformance]
