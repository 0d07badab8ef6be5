"""The short form of `make chaos`: each of its faults once, and the auditor finds nothing."""

from collections.abc import Callable

import pytest

from tests.chaos.__main__ import chosen, play
from tests.chaos.faults import pooler
from tests.chaos.verdict import Form, Skipped, Verdict

SHORT = Form(short=True, seed=1)


@pytest.mark.timeout(600)
def test_no_fault_loses_or_doubles_a_job() -> None:
    verdicts = {scenario.number: play(scenario, SHORT) for scenario in chosen(None, short=True)}
    bad = {
        number: [str(verdict), *map(str, verdict.findings)]
        for number, verdict in verdicts.items()
        if verdict and not verdict.is_good
    }
    assert not bad
    assert any(verdicts.values())


@pytest.mark.parametrize("scenario", [pooler.run, pooler.by_mistake])
def test_a_pooler_loses_nothing_and_is_found_out(scenario: Callable[[Form], Verdict]) -> None:
    try:
        verdict = scenario(SHORT)
    except Skipped as reason:
        pytest.skip(str(reason))
    assert verdict.is_good, [str(verdict), *map(str, verdict.findings)]
