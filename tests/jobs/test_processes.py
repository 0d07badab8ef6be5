"""What a worker hears from its children, while its threads open and close files of their own."""

import os
import socket
import threading

import uvloop

from jobs.processes import _lines

CHILDREN = 1_000


def test_the_end_of_a_child_closes_no_file_of_another_thread() -> None:
    lost: list[str] = []
    told = threading.Event()

    def open_and_close() -> None:
        while not told.is_set():
            descriptors = [*os.pipe(), *os.pipe()]
            for descriptor in descriptors:
                try:
                    os.close(descriptor)
                except OSError as error:
                    lost.append(str(error))

    async def listen() -> None:
        for _ in range(CHILDREN):
            incoming, outgoing = socket.socketpair()
            alive, dead = os.pipe()
            outgoing.send(b"{}\n")
            async with _lines(incoming.fileno(), alive) as lines:
                assert await lines.readline() == b"{}\n"
            incoming.close()
            outgoing.close()
            os.close(alive)
            os.close(dead)

    threads = [threading.Thread(target=open_and_close) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        uvloop.run(listen())
    finally:
        told.set()
        for thread in threads:
            thread.join()
    assert lost == []
