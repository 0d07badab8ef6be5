"""The short form of `make chaos`: each of its faults once, and the auditor finds nothing."""

import pytest

from tests.chaos.__main__ import chosen, play
from tests.chaos.verdict import Form


@pytest.mark.timeout(600)
def test_no_fault_loses_or_doubles_a_job() -> None:
    form = Form(short=True, seed=1)
    verdicts = {scenario.number: play(scenario, form) for scenario in chosen(None, short=True)}
    bad = {
        number: [str(verdict), *map(str, verdict.findings)]
        for number, verdict in verdicts.items()
        if verdict and not verdict.is_good
    }
    assert not bad
    assert any(verdicts.values())
