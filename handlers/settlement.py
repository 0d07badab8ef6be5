"""Settle the bets whose matches have ended, correct those whose results were, judge what was predicted."""

from datetime import datetime, timedelta
from decimal import Decimal

import structlog
from pydantic import BaseModel, Field

from betting.settlement import BetStatus
from handlers.steps.live import measure_served
from handlers.steps.scope import Moment, resolve_moment
from handlers.steps.settle import add_closing_prices, settle_bets
from jobs.handler import Handler, Job, JobParams, Retry
from store.database import DatabaseUnavailable
from store.settlements import bankrolls_at, count_overdue

# A result that is missing for longer is not merely late: sources that come twice a week have had their turn.
OVERDUE_AFTER = timedelta(days=5)

log = structlog.get_logger()


class SettlementParams(JobParams):
    as_of: Moment | None = Field(
        None, description="Settle by what was known at this moment, for replays of the past. Left out: now"
    )


class SettlementResult(BaseModel):
    """`profit` is what this run's settlements and corrections brought; `bankrolls` hold open stakes too."""

    as_of: datetime
    settled: int
    won: int
    half_won: int
    push: int
    half_lost: int
    lost: int
    void: int
    corrected: int = Field(description="Bets settled before that became something else")
    confirmed: int = Field(description="Bets settled before that stay the same by another result")
    closing_prices: int = Field(description="Bets settled before that have their closing price now")
    refused: int = Field(description="Bets on what does not exist; the log names them")
    overdue: int = Field(description="Open bets on matches without a result, days after their kick-off")
    profit: Decimal
    bankrolls: dict[str, Decimal]
    drift: list[str] = Field(description="Why the predictions that are served are worse than promised")


class SettlementHandler(Handler[SettlementParams]):
    job_type = "settlement"
    timeout = timedelta(minutes=15)
    retry = Retry(times=2, on=(DatabaseUnavailable,))

    def unique_key(self, params: SettlementParams) -> str:  # noqa: ARG002 - two at once would do the same work
        return "settlement"

    async def run(self, params: SettlementParams, job: Job) -> SettlementResult:
        async with job.database.read() as conn:
            as_of = await resolve_moment(conn, params.as_of)
        settled = await settle_bets(job, as_of)
        closing_prices = await add_closing_prices(job, as_of)
        served = await measure_served(job, as_of)
        async with job.database.read() as conn:
            bankrolls = await bankrolls_at(conn, as_of)
            overdue = await count_overdue(conn, as_of, as_of - OVERDUE_AFTER)
        result = SettlementResult(
            as_of=as_of,
            settled=settled.by_status.total(),
            **{
                status.value: settled.by_status[status]
                for status in BetStatus
                if status is not BetStatus.OPEN
            },
            corrected=settled.corrected,
            confirmed=settled.confirmed,
            closing_prices=closing_prices,
            refused=settled.refused,
            overdue=overdue,
            profit=settled.profit,
            bankrolls=bankrolls,
            drift=[one.says for one in served if one.drifted],
        )
        log.info("bets_settled", **result.model_dump(mode="json"))
        return result
