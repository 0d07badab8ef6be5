"""Which prices are worth a bet, and what is staked from where. Light: the web process validates with it."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from betting.picks import PickRules
from betting.staking import StakingPlan
from jobs.handler import JobParams

Money = Annotated[Decimal, Field(ge=Decimal("0.01"), le=1_000_000_000, decimal_places=2)]
Share = Annotated[Decimal, Field(gt=0, le=1, decimal_places=6)]
Price = Annotated[Decimal, Field(gt=1, le=1_000, decimal_places=3)]
RULES, PLAN = PickRules(), StakingPlan()
HOUR = timedelta(hours=1)


class BettingScope(JobParams):
    """What makes a pick, and whether the picks are bet on."""

    bet: bool = Field(False, description="Place the picks as bets from the bankroll")
    bankroll: str = Field("main", pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    opening_bankroll: Money = Field(Decimal("1000.00"), description="What is in a bankroll that is new")
    minimum_edge: float = Field(RULES.minimum_edge, ge=-1, le=10, description="What a unit staked should win")
    lowest_price: Price = RULES.lowest_price
    highest_price: Price = RULES.highest_price
    oldest_price_hours: float = Field(
        RULES.oldest_price / HOUR, gt=0, le=24 * 60, description="Prices known for longer are not bet at"
    )
    staking: Literal["kelly", "flat"] = "kelly"
    stake: Money | None = Field(None, description="Of each bet, for flat staking")
    kelly_fraction: Share = Field(PLAN.kelly_fraction, description="Of what Kelly would stake")
    bet_cap: Share = Field(PLAN.bet_cap, description="Most of the bankroll on a bet")
    match_cap: Share = Field(PLAN.match_cap, description="Most of the bankroll on a match")
    day_cap: Share = Field(PLAN.day_cap, description="Most of the bankroll on the bets placed on a day (UTC)")
    smallest_stake: Money = Field(PLAN.smallest_stake, description="What would be less is no pick")

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        if self.staking == "flat" and self.stake is None:
            raise ValueError("flat staking needs a stake")
        if self.staking == "kelly" and self.stake is not None:
            raise ValueError("stake is of flat staking: leave it out, or give staking as flat")
        if self.lowest_price > self.highest_price:
            raise ValueError(f"lowest_price {self.lowest_price} is above highest_price {self.highest_price}")
        return self

    @property
    def rules(self) -> PickRules:
        return PickRules(
            minimum_edge=self.minimum_edge,
            lowest_price=self.lowest_price,
            highest_price=self.highest_price,
            oldest_price=self.oldest_price_hours * HOUR,
        )

    @property
    def plan(self) -> StakingPlan:
        return StakingPlan(
            flat_stake=self.stake,
            kelly_fraction=self.kelly_fraction,
            bet_cap=self.bet_cap,
            match_cap=self.match_cap,
            day_cap=self.day_cap,
            smallest_stake=self.smallest_stake,
        )
