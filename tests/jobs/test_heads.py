"""What a worker remembers of where ready jobs begin."""

import pytest

from jobs.heads import Heads, NewJobs


def test_only_the_heads_of_the_latest_full_look_are_known() -> None:
    heads = Heads()
    heads.look_at_all()
    assert after(heads) == {}
    heads.remember({("default", 5): 1, ("default", 0): 2}, 0.1)
    assert after(heads) == {("default", 5): 1, ("default", 0): 2}
    heads.look_at_all()
    assert after(heads) == {}
    heads.remember({("default", 0): 9}, 0.1)
    assert after(heads) == {("default", 0): 9}


def test_heads_go_back_to_new_jobs_and_are_not_forgotten_when_nothing_is_ready() -> None:
    heads = Heads()
    after(heads)
    heads.remember({("", 0): 0}, 0.1)  # a slow look that found none
    heads.hear_of(NewJobs("default", 0, 8))
    heads.hear_of(NewJobs("default", 0, 7))
    assert after(heads) == {("", 0): 0, ("default", 0): 7}
    heads.remember({("default", 0): 9}, 0.1)
    heads.hear_of(NewJobs("default", 0, 12))
    heads.hear_of(NewJobs("default", 3, 11))
    assert after(heads) == {("", 0): 0, ("default", 0): 9, ("default", 3): 11}
    heads.remember({}, 0.1)
    assert after(heads) == {("", 0): 0, ("default", 0): 9, ("default", 3): 11}


def test_what_is_heard_of_during_a_fetch_is_for_the_next() -> None:
    heads = Heads()
    heads.remember({("default", 0): 5}, 0.1)
    heads.look_at_all()
    assert after(heads) == {}
    heads.hear_of(NewJobs("default", 1, 6))
    heads.values(is_fetch=False)
    heads.remember({("default", 0): 5}, 0.1)
    assert after(heads) == {("default", 0): 5, ("default", 1): 6}
    heads.look_at_all()
    heads.remember({}, 0.1)
    assert after(heads) == {}


def test_a_look_at_all_costs_a_tenth_of_the_time_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    heads = Heads()
    heads.look_at_all()
    after(heads)
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    heads.remember({("default", 0): 5}, 0.5)
    now += 4.9
    assert after(heads) == {("default", 0): 5}
    now += 0.2
    assert after(heads) == {}


def test_who_is_told_of_nothing_looks_at_all() -> None:
    heads = Heads()
    after(heads)
    heads.remember({("default", 0): 5}, 0.1)
    assert after(heads) == {}
    heads.remember({("default", 0): 5}, 0.1)
    heads.hear_of(NewJobs("default", 0, 7))
    assert after(heads) == {("default", 0): 5}


def after(heads: Heads) -> dict[tuple[str, int], int]:
    """From where on the next fetch looks."""
    values = heads.values(is_fetch=True)
    pairs = zip(values["after_queues"] or [], values["after_priorities"] or [], strict=True)
    return dict(zip(pairs, values["after_ids"] or [], strict=True))
