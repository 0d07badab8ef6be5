"""Jobs that share a slot, one after the other, notice nothing of each other."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from datetime import timedelta

import pytest

from config.settings import Settings
from jobs.handler import HANDLERS, Handler, Job, JobParams
from jobs.outcome import Ended
from jobs.processes import Processes
from jobs.progress import ProgressBoard
from jobs.queue import Taken
from jobs.room import Room
from jobs.runs import Runs
from jobs.supervisor import Supervisor
from jobs.vitals import Vitals
from store.database import Database

pytestmark = pytest.mark.anyio
TRACE: ContextVar[str] = ContextVar("trace", default="clean")


class ScriptParams(JobParams):
    does: str


class ScriptHandler(Handler[ScriptParams]):
    """Does what the test has put under the name."""

    job_type = "test_script"
    timeout = timedelta(seconds=20)

    async def run(self, params: ScriptParams, job: Job) -> None:
        await SCRIPTS[params.does]()


SCRIPTS: dict[str, Callable[[], Awaitable[None]]] = {}


class Bench:
    """Runs with a number of slots, and what they told."""

    def __init__(self, database: Database, slots: int) -> None:
        board, vitals = ProgressBoard(database), Vitals()
        supervisor = Supervisor(database, Settings(), board, Processes(1, (), vitals))
        self.ended: list[Ended] = []
        self.room = Room(slots)
        self.runs = Runs(supervisor, board, HANDLERS, self.room, vitals, self.ended.append)

    def accept(self, *names: str) -> None:
        self.runs.accept(
            [
                Taken(number, "default", "test_script", {"params": {"does": name}}, 1, 0)
                for number, name in enumerate(names, start=1)
            ]
        )

    async def outcomes(self, wanted: int) -> Sequence[str]:
        async with asyncio.timeout(10):
            while len(self.ended) < wanted:  # noqa: ASYNC110 - the list does not tell
                await asyncio.sleep(0.001)
        return [end.end.outcome for end in sorted(self.ended)]


@pytest.fixture
async def one_slot(database: Database) -> Bench:
    return Bench(database, 1)


async def nothing() -> None:
    return None


async def forever() -> None:
    await asyncio.sleep(60)


async def swallow() -> None:
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        return


@pytest.fixture(autouse=True)
def scripts() -> None:
    SCRIPTS.clear()
    SCRIPTS.update(nothing=nothing, forever=forever, swallow=swallow)


async def test_a_context_variable_of_one_job_is_not_seen_by_the_next(one_slot: Bench) -> None:
    seen: list[str] = []

    async def leave_a_trace() -> None:
        seen.append(TRACE.get())
        TRACE.set("left behind")

    SCRIPTS["trace"] = leave_a_trace
    one_slot.accept("trace", "trace", "trace")
    assert await one_slot.outcomes(3) == ["completed"] * 3
    assert seen == ["clean"] * 3


@pytest.mark.parametrize(("stops", "outcome"), [("forever", "cancelled"), ("swallow", "completed")])
async def test_a_cancel_reaches_its_job_and_not_the_next(one_slot: Bench, stops: str, outcome: str) -> None:
    awaited = asyncio.Event()

    async def waits_a_moment() -> None:
        await asyncio.sleep(0.01)
        awaited.set()

    SCRIPTS["moment"] = waits_a_moment
    one_slot.accept(stops, "moment", "moment")
    await asyncio.sleep(0.01)
    one_slot.runs.cancel([1])
    assert await one_slot.outcomes(3) == [outcome, "completed", "completed"]
    assert awaited.is_set()


async def test_a_job_that_cancels_itself_without_waiting_leaves_the_next_alone(one_slot: Bench) -> None:
    async def cancel_itself() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()

    async def moment() -> None:
        await asyncio.sleep(0.001)

    SCRIPTS.update(itself=cancel_itself, moment=moment)
    one_slot.accept("itself", "moment", "moment")
    assert (await one_slot.outcomes(3))[1:] == ["completed", "completed"]


async def test_what_is_cancelled_before_it_begins_never_runs(database: Database) -> None:
    bench, begun = Bench(database, 2), list[str]()

    async def begin() -> None:
        begun.append("begun")

    SCRIPTS["begin"] = begin
    bench.accept("begin", "begin", "begin")
    bench.runs.cancel([1, 3])  # the first has a slot already, the third waits for one
    assert await bench.outcomes(3) == ["cancelled", "completed", "cancelled"]
    assert begun == ["begun"]


async def test_short_jobs_let_others_have_a_turn(one_slot: Bench) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(others())
    one_slot.accept(*["nothing"] * 2_000)
    await one_slot.outcomes(2_000)
    other.cancel()
    assert turns > 5


async def test_all_slots_are_used_and_no_more(database: Database) -> None:
    bench, now, most = Bench(database, 3), 0, 0

    async def count() -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.005)
        now -= 1

    SCRIPTS["count"] = count
    bench.accept(*["count"] * 12)
    assert await bench.outcomes(12) == ["completed"] * 12
    assert most == 3


async def test_what_is_abandoned_says_nothing(one_slot: Bench) -> None:
    one_slot.accept("forever", "nothing")
    await asyncio.sleep(0.01)
    await one_slot.runs.abandon_all()
    assert len(one_slot.runs) == 0
    assert one_slot.ended == []


async def test_what_cannot_begin_soon_goes_back_and_is_not_taken_again(one_slot: Bench) -> None:
    one_slot.accept(*["nothing"] * 100)
    await one_slot.outcomes(100)
    one_slot.ended.clear()
    one_slot.accept("forever", "nothing", "nothing")
    assert await one_slot.outcomes(2) == ["released", "released"]
    assert one_slot.room.wanted(0).total == 0
    one_slot.runs.stop_all()
    assert (await one_slot.outcomes(3))[0] == "interrupted"


async def test_a_panic_of_native_code_fails_its_job_only(one_slot: Bench) -> None:
    class PanicException(BaseException):
        """As Rust's, which no `except Exception` sees."""

    async def panic() -> None:
        raise PanicException("called unwrap on nothing")

    SCRIPTS["panic"] = panic
    one_slot.accept("panic", "nothing")
    assert await one_slot.outcomes(2) == ["failed", "completed"]


async def test_what_is_handed_back_never_begins(one_slot: Bench) -> None:
    one_slot.runs.hand_back([Taken(1, "default", "test_script", {"params": {"does": "nothing"}}, 1, 0)])
    assert await one_slot.outcomes(1) == ["released"]
    assert len(one_slot.runs) == 0


async def test_a_job_that_comes_again_while_it_is_still_stopping_does_not_begin_beside_itself(
    database: Database,
) -> None:
    """After a failover both attempts may have one number."""
    bench, begun, ended = Bench(database, 2), list[str](), asyncio.Event()

    async def stops_slowly() -> None:
        begun.append("begun")
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.02)
            ended.set()

    SCRIPTS["slowly"] = stops_slowly
    bench.accept("slowly")
    await asyncio.sleep(0.01)
    bench.accept("slowly")
    assert await bench.outcomes(1) == ["interrupted"]
    [end] = bench.ended
    assert (end.end.retry_in or 0) > 0
    async with asyncio.timeout(10):
        await ended.wait()
    await asyncio.sleep(0.01)
    assert (begun, len(bench.runs), len(bench.ended)) == (["begun"], 0, 1)


async def test_handing_a_job_back_stops_its_earlier_attempt(one_slot: Bench) -> None:
    one_slot.accept("forever")
    await asyncio.sleep(0.01)
    one_slot.runs.hand_back([Taken(1, "default", "test_script", {"params": {"does": "forever"}}, 2, 0)])
    await asyncio.sleep(0.01)
    assert [(end.attempt, end.end.outcome) for end in one_slot.ended] == [(2, "released")]
    assert len(one_slot.runs) == 0
