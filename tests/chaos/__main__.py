"""Injects every fault, prints what was promised and measured. Exit 0: kept, and the auditor found nothing."""

import argparse
import random
import re
import sys
import time
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import replace

from tests.chaos.scenarios import SCENARIOS, Scenario
from tests.chaos.verdict import Broken, Form, Skipped, Verdict


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parse(arguments)
    form = Form(short=given.short, seed=given.seed, long=given.long)
    _say(f"chaos: {form.pick('short', 'full', 'long')} form, seed {form.seed}")
    verdicts = [
        verdict for scenario in chosen(given.only, short=given.short) if (verdict := play(scenario, form))
    ]
    _say(
        f"chaos: {len(verdicts)} faults, {sum(v.jobs for v in verdicts)} jobs,"
        f" {sum(v.lost for v in verdicts)} lost, {sum(v.doubled for v in verdicts)} doubled"
    )
    return 0 if verdicts and all(verdict.is_good for verdict in verdicts) else 1


def chosen(only: str | None, *, short: bool) -> Iterable[Scenario]:
    """Those named, by number (`4` means `4b` too) or exactly; otherwise all of the form."""
    if only is None:
        return [scenario for scenario in SCENARIOS if scenario.short or not short]
    wanted = set(only.split(","))
    found = [s for s in SCENARIOS if s.number in wanted or s.number.rstrip("bcdef") in wanted]
    if not found:
        raise SystemExit(f"there is no scenario {only}: {', '.join(s.number for s in SCENARIOS)}")
    return found


def play(scenario: Scenario, form: Form) -> Verdict | None:
    """Its verdict, told; None where it cannot be played here."""
    began = time.monotonic()
    try:
        verdict = scenario.run(form)
    except Skipped as reason:
        _say(f"{scenario.number:>3} skipped: {reason}")
        return None
    except Broken as broken:
        verdict = replace(broken.verdict, promise=first_sentence(scenario))
    except Exception:  # noqa: BLE001 - the other faults are injected nevertheless
        _say(traceback.format_exc())
        verdict = Verdict(first_sentence(scenario), "the scenario itself failed", 0, kept=False)
    mark = "kept" if verdict.is_good else "BROKEN"
    _say(f"{scenario.number:>3} {mark}: {verdict} ({time.monotonic() - began:.0f} s)")
    for finding in verdict.findings:
        _say(f"      {finding}")
    return verdict


def first_sentence(scenario: Scenario) -> str:
    return re.split(r"\.\s|\.$", " ".join((scenario.run.__doc__ or scenario.number).split()))[0]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--short", action="store_true", help="once each, what CI runs")
    length.add_argument("--long", action="store_true", help="the server away for 5 minutes, the network 10")
    parser.add_argument("--only", metavar="N,...", help="the scenarios with these numbers")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="repeats a random run")  # noqa: S311
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
