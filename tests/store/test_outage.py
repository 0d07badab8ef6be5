"""An outage is told when it begins, seldom while it lasts, and when it is over."""

from structlog.testing import capture_logs

from store.outage import Outage


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_minute_of_failures_is_few_lines_and_one_at_the_end() -> None:
    clock = Clock()
    outage = Outage("queue", longest_wait=2, clock=clock)
    with capture_logs() as lines:
        while clock.now < 60:
            clock.now += outage.goes_on("no\nroute", unrecorded=3)
        outage.is_over()
        outage.is_over()
    assert [line["event"] for line in lines] == ["queue_unavailable"] * 6 + ["queue_available"]
    assert lines[0] == {
        "event": "queue_unavailable",
        "log_level": "warning",
        "error": "no route",
        "unrecorded": 3,
    }


def test_what_comes_and_goes_is_told_once_in_a_while() -> None:
    clock = Clock()
    outage = Outage("queue", longest_wait=2, clock=clock)
    with capture_logs() as lines:
        for second in range(20):
            clock.now = second
            outage.goes_on("gone")
            outage.is_over()
    assert [line["event"] for line in lines] == ["queue_unavailable", "queue_available"] * 2


def test_the_wait_grows_up_to_its_longest_and_begins_anew() -> None:
    outage = Outage("queue", longest_wait=0.5)
    assert [outage.goes_on("gone") for _ in range(5)] == [0.1, 0.2, 0.4, 0.5, 0.5]
    outage.is_over()
    assert outage.goes_on("gone") == 0.1
