"""A rollback returns to what lay below, whatever was deployed, promoted and rolled back before."""

from hypothesis import given
from hypothesis import strategies as st

from modeling.service_history import Change, Version, served_before

A, B, C, D = (Version("elo_logit", number) for number in range(1, 5))


def deployed(*versions: Version) -> list[Change]:
    pairs = zip([None, *versions], versions, strict=False)
    return [Change("deployed", version, before) for before, version in pairs]


def test_nothing_served_before_the_first() -> None:
    assert served_before([], A) is None
    assert served_before(deployed(A), A) is None


def test_a_rollback_returns_to_the_version_before_it() -> None:
    assert served_before(deployed(A, B, C), C) == B


def test_a_second_rollback_goes_further_back_not_forth() -> None:
    history = [*deployed(A, B, C), Change("rolled_back", B, C)]
    assert served_before(history, B) == A


def test_what_is_deployed_after_a_rollback_lies_on_what_served_then() -> None:
    history = [*deployed(A, B, C), Change("rolled_back", B, C), Change("deployed", D, B)]
    assert served_before(history, D) == B


def test_a_version_may_serve_again() -> None:
    history = [*deployed(A, B), Change("promoted", A, B)]
    assert served_before(history, A) == B
    assert served_before([*history, Change("rolled_back", B, A)], B) == A


def test_what_an_older_release_put_in_service_is_known_by_what_followed() -> None:
    assert served_before([Change("deployed", B, A)], B) == A
    assert served_before(deployed(A, B), C) == B


@given(st.lists(st.one_of(st.sampled_from([A, B, C, D]), st.none()), max_size=40))
def test_the_history_tells_what_an_undo_stack_would(steps: list[Version | None]) -> None:
    """None is a rollback, where there is something to go back to."""
    stack: list[Version] = []
    history: list[Change] = []
    for step in steps:
        before = stack[-1] if stack else None
        if step is None and len(stack) > 1:
            stack.pop()
            history.append(Change("rolled_back", stack[-1], before))
        elif step is not None and step != before:
            stack.append(step)
            history.append(Change("promoted", step, before))
    if stack:
        assert served_before(history, stack[-1]) == (stack[-2] if len(stack) > 1 else None)
