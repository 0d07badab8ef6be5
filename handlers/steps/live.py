"""Measures the predictions that were served over the last days, and keeps the figures as the day's."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from jobs.handler import Job
from store.model_performance import (
    BetsOfDays,
    NewModelPerformance,
    ServedModel,
    bets_of_days,
    closing_quotes,
    save_model_performance,
    served_models,
)
from store.predictions import JudgedPrediction, judged_predictions

if TYPE_CHECKING:
    from modeling.live import Live, Promise

SPORT = "football"
WINDOWS_DAYS = (7, 30, 90)


@dataclass(frozen=True)
class _Known:
    """What there is to measure: predictions with results, the market's closing lines, the models."""

    rows: Sequence[JudgedPrediction]
    lines: dict[int, list[float]]
    models: dict[int, ServedModel]


async def measure_served(job: Job, as_of: datetime) -> list[NewModelPerformance]:
    """The figures of each window, as they are kept."""
    known = await _known(job, as_of)
    new = []
    for days in WINDOWS_DAYS:
        since = as_of - timedelta(days=days)
        async with job.database.read() as conn:
            bets = await bets_of_days(conn, since, as_of)
        rows = [row for row in known.rows if row.kickoff_at >= since]
        new.append(_performance(days, as_of, rows, known, bets))
    async with job.transaction() as conn:
        for one in new:
            await save_model_performance(conn, job.id, one)
    return new


async def _known(job: Job, as_of: datetime) -> _Known:
    from betting.closing_price import Quote, market_lines

    since = as_of - timedelta(days=max(WINDOWS_DAYS))
    async with job.database.read() as conn:
        rows = await judged_predictions(conn, since=since, until=as_of, as_of=as_of)
        told = await closing_quotes(conn, [row.match_id for row in rows], as_of)
        models = await served_models(conn, {row.model_id for row in rows})
    quotes: dict[int, list[Quote]] = {}
    for row in told:
        quote = Quote(row.bookmaker, True, row.known_at, tuple(row.prices))
        quotes.setdefault(row.match_id, []).append(quote)
    lines = zip(quotes, market_lines(list(quotes.values())), strict=True)
    return _Known(rows, {match_id: line for match_id, line in lines if line is not None}, models)


def _performance(
    days: int, as_of: datetime, rows: Sequence[JudgedPrediction], known: _Known, bets: BetsOfDays
) -> NewModelPerformance:
    counts = Counter(row.model_id for row in rows)
    served = [(known.models[model_id], count) for model_id, count in counts.items()]
    found = _live(rows, known, served)
    figures: dict[str, Any] = {} if found.metrics is None else asdict(found.metrics)
    figures["matches"] = len(rows)
    return NewModelPerformance(
        sport=SPORT,
        window_days=days,
        as_of=as_of,
        served={f"{model.name} {model.version}": count for model, count in served},
        log_loss_error=found.log_loss_error,
        ece_limit=found.ece_limit,
        promised_log_loss=found.promised,
        promise_error=found.promise_error,
        market_matches=found.market_matches,
        market_log_loss=found.market,
        log_loss_beside_market=found.beside_market,
        drifted=found.drifted,
        says=f"{days} days: {found.says}",
        **figures,
        **asdict(bets),
    )


def _live(
    rows: Sequence[JudgedPrediction], known: _Known, served: Sequence[tuple[ServedModel, int]]
) -> "Live":
    from modeling.live import live

    return live(
        [(row.home, row.draw, row.away) for row in rows],
        [(row.home_goals, row.away_goals) for row in rows],
        [known.lines.get(row.match_id) for row in rows],
        _promise(served),
    )


def _promise(served: Sequence[tuple[ServedModel, int]]) -> "Promise | None":
    """What the models promised, each as often as it predicted."""
    from modeling.live import Promise

    told = [
        (model.log_loss, model.validation_matches, n) for model, n in served if model.log_loss is not None
    ]
    if not told:
        return None
    predicted = sum(n for _, _, n in told)
    return Promise(
        log_loss=sum(log_loss * n for log_loss, _, n in told) / predicted,
        matches=sum(matches * n for _, matches, n in told) / predicted,
    )
