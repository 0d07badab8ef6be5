"""How the month before a run went: the last word on each match whose result was known, and the bets."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from store.bets import settled_return
from store.prediction_runs import MonthBefore
from store.predictions import judged_predictions

MONTH = timedelta(days=30)


async def month_before(conn: AsyncConnection, as_of: datetime, bankroll: str) -> MonthBefore:
    from modeling.metrics import measure_played

    roi = await settled_return(conn, bankroll, since=as_of - MONTH, until=as_of)
    rows = await judged_predictions(conn, since=as_of - MONTH, until=as_of, as_of=as_of)
    if not rows:
        return MonthBefore(0, None, None, roi)
    told = [(row.home, row.draw, row.away) for row in rows]
    figures = measure_played(told, [(row.home_goals, row.away_goals) for row in rows])
    return MonthBefore(figures.matches, figures.accuracy, figures.log_loss, roi)
