"""The server is there and refuses to record how a job ended: no room, or a lock that is not to be had."""

import time

from tests.chaos.api import Prober, Submitter, api
from tests.chaos.handlers import LoopHandler, Params, ProcessHandler
from tests.chaos.patience import pause, until
from tests.chaos.small_disk import small_disk
from tests.chaos.stage import Stage, stage
from tests.chaos.verdict import Form, Verdict

RESUME_SECONDS = 30.0
DISK_MEGABYTES = 48
# Each end is refused for as long as a row says so, with the error it names.
REFUSAL = """
create table refusal (sqlstate text not null, text text not null);
create function refuse() returns trigger language plpgsql as $$
declare r refusal;
begin
    select * into r from refusal limit 1;
    if found then raise exception using errcode = r.sqlstate, message = r.text; end if;
    return new;
end $$;
create trigger refuse before insert or update on job_runs
    for each row when (new.outcome = 'completed') execute function refuse();
"""
ERRORS = {
    "53100": "could not extend file: No space left on device",
    "55P03": "canceling statement due to lock timeout",
}


def errors_on_finish(form: Form) -> Verdict:
    """Ends are tried again until they are recorded: every job completes at its first attempt."""
    seconds = form.pick(2.0, 10.0)
    rounds = form.pick(1, 2)
    with stage() as place:
        place.rows(REFUSAL)
        place.worker(concurrency=20)
        took = [_refuse(place, sqlstate, seconds) for _ in range(rounds) for sqlstate in ERRORS]
        again = place.rows("select count(*) from job_runs where attempt > 1")[0][0]
        return place.judge(
            f"SQLSTATE {' and '.join(ERRORS)} on every finish for {seconds:g} s: recorded, no second run",
            f"recorded {max(took):.1f} s after the refusals ended at most, {again} second runs",
            len(took),
            kept=again == 0 and max(took) <= RESUME_SECONDS,
        )


def full_disk(form: Form) -> Verdict:
    """The data's disk is full while jobs flow: POST is refused whole; freed, all goes on within 30 s."""
    seconds = form.pick(4.0, 20.0)
    with (
        small_disk(DISK_MEGABYTES) as disk,
        stage(tablespace=disk.folder) as place,
        api(place) as url,
        Prober(url) as prober,
    ):
        workers = place.workers_at_once(2, concurrency=10)
        with place.load() as load, Submitter(url) as submitter:
            pause(1)
            full_at = time.monotonic()
            while time.monotonic() < full_at + seconds:
                disk.fill()
                pause(0.1)
            disk.free()
            freed_at = time.monotonic()
            begun = until("a job begins", 120, lambda: _begun(place, freed_at))
            pause(1)
        place.expect(load.accepted)
        whole = submitter.is_clean(place)
        submitter.withdraw()
        resumed = place.settle()
        alive = sum(worker.is_alive() for worker in workers)
        return place.judge(
            f"the data's disk full for {seconds:g} s: POST is refused whole with 507 or 503, afterwards all"
            " goes on without hands within 30 s",
            f"begun {begun - freed_at:.1f} s after, drained in {resumed:.0f} s, {load.refused} submits"
            f" refused, {alive} of 2 workers alive, {prober}, POST {submitter}"
            f" {'and nothing half stored' if whole else 'and what is stored differs'}",
            1,
            kept=whole
            and alive == len(workers)
            and prober.is_clean
            and begun - freed_at + resumed <= RESUME_SECONDS,
        )


def _begun(place: Stage, since: float) -> float | None:
    return next((e.at for e in place.journal.events() if e.what == "begin" and e.at > since), None)


def _refuse(place: Stage, sqlstate: str, seconds: float) -> float:
    """How long after the refusals had ended every job was recorded."""
    ids = place.submit(LoopHandler, *[Params(seconds=0.5)] * 30)
    ids += place.submit(ProcessHandler, *[Params(seconds=0.5)] * 4)
    for job_id in ids[:5]:
        place.wait_for("begin", job_id)
    place.rows("insert into refusal values (%s, %s)", sqlstate, ERRORS[sqlstate])
    pause(seconds)
    place.rows("delete from refusal")
    return place.settle()
