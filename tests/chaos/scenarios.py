"""The scenarios by the numbers of docs/guarantees.md, in the order they are played."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.faults import (
    api_death,
    blocked,
    child_death,
    clock,
    deadlines,
    failover,
    freeze,
    full_worker_disk,
    idempotency,
    kill,
    killed_hosts,
    long_transaction,
    old_rows,
    partition,
    poison,
    pooler,
    refusals,
    rollback,
    rolling,
    server,
    slow_readers,
    stopping,
    two_releases,
    unknown_type,
    upkeep,
)
from tests.chaos.verdict import Form, Verdict


@dataclass(frozen=True)
class Scenario:
    """A fault under its number; `short` says whether it is played at every change."""

    number: str
    run: Callable[[Form], Verdict]
    short: bool = False


SCENARIOS = (
    Scenario("1", kill.run, short=True),
    Scenario("1b", killed_hosts.one_of_several),
    Scenario("1c", killed_hosts.all_at_once),
    Scenario("2", child_death.run),
    Scenario("3", deadlines.at_the_deadline),
    Scenario("3b", deadlines.on_cancel),
    Scenario("3c", blocked.run),
    Scenario("4", freeze.worker_alone),
    Scenario("4b", freeze.whole_group, short=True),
    Scenario("5", server.restart_fast),
    Scenario("5b", server.restart_immediate, short=True),
    Scenario("5c", server.connections_ended),
    Scenario("5d", server.away),
    Scenario("5e", failover.run),
    Scenario("6", partition.both_ways),
    Scenario("6b", partition.replies_only),
    Scenario("7", rolling.run, short=True),
    Scenario("8", poison.kills_its_child, short=True),
    Scenario("8b", poison.kills_its_worker),
    Scenario("9", clock.run),
    Scenario("10", refusals.errors_on_finish, short=True),
    Scenario("10b", refusals.full_disk),
    Scenario("11", upkeep.run, short=True),
    Scenario("11b", old_rows.run),
    Scenario("11c", two_releases.run),
    Scenario("12", idempotency.run, short=True),
    Scenario("13", rollback.run, short=True),
    Scenario("13b", pooler.run),
    Scenario("13c", pooler.by_mistake),
    Scenario("14", stopping.within_the_grace),
    Scenario("14b", stopping.past_the_grace),
    Scenario("14c", stopping.told_twice),
    Scenario("15", unknown_type.run),
    Scenario("16", long_transaction.run),
    Scenario("17", full_worker_disk.run),
    Scenario("18", api_death.run),
    Scenario("19", slow_readers.run),
)
