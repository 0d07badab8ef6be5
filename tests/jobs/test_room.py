"""How many jobs a worker asks for."""

from jobs.room import AHEAD_SECONDS, MOST_AHEAD, Room


def short_jobs(room: Room, jobs: int = 200) -> Room:
    """So many jobs that took next to no time."""
    for _ in range(jobs):
        room.took(0.00001)
    return room


def test_as_many_as_there_are_free_slots_while_jobs_are_long() -> None:
    room = Room(5)
    assert room.wanted(0).total == 5
    room.begin()
    room.took(60)
    assert room.wanted(0).total == 4
    assert room.is_low(0)
    for _ in range(4):
        room.begin()
    assert not room.is_low(0)


def test_short_jobs_are_taken_ahead_half_of_them_at_a_time() -> None:
    room = short_jobs(Room(5))
    assert room.wanted(0).total == 5 + MOST_AHEAD // 2
    assert room.wanted(MOST_AHEAD).total == 5
    assert room.is_low(MOST_AHEAD // 2)
    assert not room.is_low(MOST_AHEAD // 2 + 1)


def test_no_more_are_taken_ahead_than_will_begin_soon() -> None:
    room = Room(10)
    for _ in range(200):
        room.took(0.01)
    assert room.wanted(20).total <= 10 + 10 * AHEAD_SECONDS / 0.01


def test_after_long_jobs_have_come_between_nothing_is_taken_ahead() -> None:
    room = short_jobs(Room(2))
    room.begin()
    room.begin()
    assert room.is_low(0)
    room.is_stuck()
    assert not room.is_low(0)
    assert room.wanted(0).total == 0
    assert short_jobs(room).is_low(0)


def test_a_capped_queue_gives_no_more_than_its_cap() -> None:
    room = Room(10, ("cpu", "default"), {"cpu": 2})
    room.enter("cpu")
    assert room.wanted(0).caps == {"cpu": 1}
    assert room.wanted(0).total == 10
    room.enter("cpu")
    assert room.wanted(0).caps == {"cpu": 0}
    room.leave("cpu")
    assert room.wanted(0).caps == {"cpu": 1}


def test_where_every_queue_has_its_cap_their_sum_is_the_most() -> None:
    room = Room(10, ("cpu", "gpu"), {"cpu": 2, "gpu": 1})
    assert room.wanted(0).total == 3
    for queue in ("cpu", "cpu", "gpu"):
        room.enter(queue)
    assert not room.is_low(0)
