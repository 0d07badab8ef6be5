"""A transaction that somebody leaves open: nothing that dies after it began can be cleaned away."""

from tests.chaos.handlers import LoopHandler, Params
from tests.chaos.stage import Stage, stage
from tests.chaos.verdict import Form, Verdict, p95

TIMES = 3.0
# Below this a difference is the machine's.
FLOOR_SECONDS = 0.005
PROBES = 100


def run(form: Form) -> Verdict:
    """With it open and jobs flowing, the time from submit to start stays below three times its p95."""
    jobs = form.pick(1_000, 20_000)
    with stage({"autovacuum_naptime": "1s"}) as place:
        place.worker(concurrency=20)
        _churn(place, jobs // 5)
        before = _p95_to_start(place)
        with place.connect() as holder, holder.transaction():
            holder.execute("set transaction isolation level repeatable read")
            holder.execute("select count(*) from job_queue")
            _churn(place, jobs)
            after = _p95_to_start(place)
        place.settle()
        return place.judge(
            f"a transaction left open over {jobs:,} jobs: time from submit to start p95 < 3 x",
            f"p95 {before * 1000:.1f} ms before, {after * 1000:.1f} ms with it",
            PROBES,
            kept=after < TIMES * max(before, FLOOR_SECONDS),
        )


def _churn(place: Stage, jobs: int) -> None:
    place.submit(LoopHandler, *[Params()] * jobs)
    place.settle(300)


def _p95_to_start(place: Stage) -> float:
    ids = []
    for _ in range(PROBES):
        ids += place.submit(LoopHandler)
        place.wait_for("end", ids[-1])
    place.settle()
    waits = place.rows(
        "select extract(epoch from started_at - created_at)::float8 from job_queue where id = any(%s)", ids
    )
    return p95([row[0] for row in waits])
