"""Counts, after a fault, what was lost and what happened twice, from the handlers' own notes.

Lost: a job that is gone, stuck or failed, or whose result or effect is missing.
Doubled: two effects, a run after the job had completed, two runs at one time, an effect of a lost attempt.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from tests.chaos.evidence import Effect, Evidence, JobState, Run
from tests.chaos.journal import Event

LOST, DOUBLED = "lost", "doubled"
# A thawed process needs a moment to learn that it lost its jobs.
SECONDS_AFTER_THAW = 3.0
COMPLETED = frozenset({"completed"})


@dataclass(frozen=True)
class Finding:
    """One thing that must not have happened."""

    kind: str
    job_id: int
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: job {self.job_id} {self.text}"


@dataclass(frozen=True)
class Span:
    """When an attempt really ran: from its beginning to its end, or to the death of its process."""

    attempt: int
    since: float
    until: float


def audit(evidence: Evidence, *, cleaned: bool = False) -> list[Finding]:
    """Everything that is wrong; `cleaned` allows completed jobs to have been deleted."""
    found: list[Finding] = []
    effects, events, runs = _by_job(evidence.effects), _by_job(evidence.events), _by_job(evidence.runs)
    for job_id in sorted(evidence.expected.keys() | evidence.jobs.keys()):
        allowed = evidence.expected.get(job_id, COMPLETED)
        state = evidence.jobs.get(job_id)
        if state is None:
            if not (cleaned and effects[job_id]):
                found.append(Finding(LOST, job_id, "was accepted and is gone"))
        else:
            found += _ending(job_id, state, allowed)
            found += _record(job_id, state, runs[job_id])
            found += _effect_of(job_id, state, effects[job_id])
        found += _repeats(job_id, state, events[job_id], effects[job_id])
        found += _overlaps(job_id, list(_spans(events[job_id], evidence)))
    return found


def _ending(job_id: int, state: JobState, allowed: frozenset[str]) -> Iterator[Finding]:
    if state.status in ("pending", "running"):
        yield Finding(LOST, job_id, f"is still {state.status} at attempt {state.attempt}")
    elif state.status not in allowed:
        yield Finding(LOST, job_id, f"is {state.status} at attempt {state.attempt}: {state.error}")


def _record(job_id: int, state: JobState, runs: list[Run]) -> Iterator[Finding]:
    completed = [run.attempt for run in runs if run.outcome == "completed"]
    if len(completed) > 1:
        yield Finding(DOUBLED, job_id, f"has {len(completed)} completed runs: {completed}")
    open_runs = [run.attempt for run in runs if run.finished_at is None]
    if open_runs and state.status not in ("pending", "running"):
        yield Finding(LOST, job_id, f"is {state.status}, and its runs {open_runs} have no end")
    if state.status != "completed":
        return
    told = state.result.get("attempt") if isinstance(state.result, dict) else None
    if told is None:
        yield Finding(LOST, job_id, "is completed without its result")
    elif completed != [told]:
        yield Finding(
            DOUBLED, job_id, f"has the result of attempt {told}, and attempts {completed} completed"
        )


def _effect_of(job_id: int, state: JobState, effects: list[Effect]) -> Iterator[Finding]:
    if len(effects) > 1:
        yield Finding(DOUBLED, job_id, f"has {len(effects)} effects, of {[e.attempt for e in effects]}")
    if state.status == "completed" and not effects:
        yield Finding(LOST, job_id, "is completed, and its effect is missing")


def _repeats(
    job_id: int, state: JobState | None, events: list[Event], effects: list[Effect]
) -> Iterator[Finding]:
    begins = [event for event in events if event.what == "begin"]
    for earlier, later in pairwise(begins):
        if later.attempt <= earlier.attempt:
            yield Finding(DOUBLED, job_id, f"began attempt {later.attempt} after attempt {earlier.attempt}")
    if state is not None and state.status == "completed":
        for event in begins:
            if event.attempt > state.attempt:
                yield Finding(DOUBLED, job_id, f"ran again as attempt {event.attempt} after it had completed")
    for effect in effects:
        if any(event.attempt > effect.attempt and event.at < effect.at for event in begins):
            yield Finding(DOUBLED, job_id, f"let attempt {effect.attempt} write after a later one had begun")


def _spans(events: list[Event], evidence: Evidence) -> Iterator[Span]:
    for begin in events:
        if begin.what != "begin":
            continue
        ends = [
            event.at
            for event in events
            if (event.what, event.attempt, event.pid) == ("end", begin.attempt, begin.pid)
        ]
        ends.append(evidence.deaths.get(begin.pid, evidence.now))
        frozen = sorted((since, until) for pid, since, until in evidence.freezes if pid == begin.pid)
        yield from _without(Span(begin.attempt, begin.at, min(ends)), frozen)


def _without(span: Span, frozen: Iterable[tuple[float, float]]) -> Iterator[Span]:
    """What is left of the span outside the times when its process stood still."""
    since = span.since
    for stopped, thawed in frozen:
        if stopped < span.until and thawed + SECONDS_AFTER_THAW > since:
            if stopped > since:
                yield Span(span.attempt, since, stopped)
            since = thawed + SECONDS_AFTER_THAW
    if since < span.until:
        yield Span(span.attempt, since, span.until)


def _overlaps(job_id: int, spans: list[Span]) -> Iterator[Finding]:
    spans.sort(key=lambda span: span.since)
    for index, earlier in enumerate(spans):
        for later in spans[index + 1 :]:
            if later.attempt != earlier.attempt and later.since < earlier.until:
                together = min(earlier.until, later.until) - later.since
                yield Finding(
                    DOUBLED,
                    job_id,
                    f"ran twice at once for {together:.3f} s: attempts {earlier.attempt} and {later.attempt}",
                )


def _by_job(rows: Iterable[Run] | Iterable[Effect] | Iterable[Event]) -> defaultdict[int, list]:  # type: ignore[type-arg]
    grouped: defaultdict[int, list] = defaultdict(list)  # type: ignore[type-arg]
    for row in rows:
        grouped[row.job_id].append(row)
    return grouped
