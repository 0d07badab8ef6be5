"""How the month before a run went: the last word on each match whose result was known, and the bets."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from store.bets import settled_return
from store.prediction_runs import MonthBefore
from store.predictions import judged_predictions

MONTH = timedelta(days=30)


async def month_before(conn: AsyncConnection, as_of: datetime, bankroll: str) -> MonthBefore:
    import numpy as np

    from modeling.metrics import accuracy, log_loss

    roi = await settled_return(conn, bankroll, since=as_of - MONTH, until=as_of)
    rows = await judged_predictions(conn, since=as_of - MONTH, until=as_of, as_of=as_of)
    if not rows:
        return MonthBefore(0, None, None, roi)
    told = np.array([(row.home, row.draw, row.away) for row in rows])
    outcomes = np.array([1 - np.sign(row.home_goals - row.away_goals) for row in rows])
    return MonthBefore(len(rows), accuracy(told, outcomes), log_loss(told, outcomes), roi)
