"""The worker's temporary folder is full."""

from tests.chaos.handlers import LoopHandler, Params, TemporaryFileHandler
from tests.chaos.patience import until
from tests.chaos.small_disk import small_disk
from tests.chaos.stage import stage
from tests.chaos.verdict import Form, Verdict


def run(form: Form) -> Verdict:
    """The job fails as one that can heal, leaves nothing behind, and completes once there is room."""
    jobs = form.pick(2, 20)
    with small_disk(16) as disk, stage() as place:
        place.worker(concurrency=4, environment={"TMPDIR": str(disk.root)})
        disk.fill()
        ids = place.submit(TemporaryFileHandler, *[Params()] * jobs)
        for job_id in ids:
            place.wait_for("end", job_id, 1)
        failed = until("the failures are recorded", 20, lambda: _failed(place.rows(COUNT, ids)[0][0], jobs))
        left = [path.name for path in disk.root.iterdir() if path.name.startswith("tmp")]
        place.submit(LoopHandler, *[Params()] * 20)
        disk.free()
        took = place.settle(120)
        return place.judge(
            "a full temporary folder: the job is tried again, leaves nothing, completes once there is room",
            f"{failed} jobs failed for now, {len(left)} files left, all completed {took:.1f} s after",
            jobs,
            kept=not left,
        )


COUNT = "select count(distinct job_id) from job_runs where outcome = 'failed' and job_id = any(%s)"


def _failed(count: int, wanted: int) -> int | None:
    return count if count >= wanted else None
