"""What the gate asks of a model. Light: the web process validates parameters with it."""

from collections.abc import Set

from pydantic import BaseModel, ConfigDict, Field

# Of 22 leagues those in which the closing line of 2021-22 to 2023-24 passed all three absolute thresholds. In
# the others not even the market does, so that no model could serve.
THE_MARKET_PASSES_IN = frozenset({"P1", "N1", "SC0", "G1", "E0", "B1", "T1", "SC2", "I1", "SP1", "D1", "F1"})


class GateLimits(BaseModel):
    """What a model must reach; each can be set for a sport or a set of leagues."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    fewest_matches: int = Field(380, ge=1, description="On fewer the gate cannot judge")
    log_loss: float = Field(1.05, gt=0, description="The log loss must be below this")
    accuracy: float | None = Field(
        0.50, ge=0, le=1, description="Accuracy must be above this; null: not asked"
    )
    brier: float | None = Field(0.60, gt=0, le=2, description="Brier must be below this; null: not asked")
    better_than_base_rates: float = Field(0.02, ge=0, description="Log loss below that of the base rates")
    share_of_the_market: float = Field(
        0.70, ge=0, le=1, description="Share of the gain from base rates to market that it must capture"
    )
    standard_errors: float = Field(
        1.0, ge=0, description="Paired standard errors by which it must be better than the model in service"
    )
    renew_after_days: float | None = Field(
        28,
        ge=0,
        le=36_500,
        description="One trained more days before yields to one that is not worse by as many; null: never",
    )
    renew_tolerance: float = Field(
        0.002, ge=0, description="One that renews an old model may be worse by this much log loss at any rate"
    )


def usual_limits(leagues: Set[str], matches_with_odds: int) -> GateLimits:
    """For football. Accuracy and Brier are asked of leagues where the market reaches them, and only where
    enough of the judging matches have odds: without, nobody can say whether these matches allow it.
    """
    limits = GateLimits()
    if leagues <= THE_MARKET_PASSES_IN and matches_with_odds >= limits.fewest_matches:
        return limits
    return GateLimits(accuracy=None, brier=None)
