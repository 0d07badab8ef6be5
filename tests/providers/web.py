"""A small web server on this machine that answers what a test tells it to."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl, urlsplit

BETWEEN_DROPS = 0.02


@dataclass(frozen=True)
class Answer:
    """`trickles`: a byte at a time, for ever. `breaks_off`: the connection ends before the body does."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    trickles: bool = False
    breaks_off: bool = False


@dataclass(frozen=True)
class Request:
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


class WebServer(ThreadingHTTPServer):
    """Answers each path with the answers set for it, in turn; the last one stays.

    Others get `otherwise`: the same again, whatever is asked for.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, list[Answer]] = {}
        self.otherwise = Answer(404)
        self.requests: list[Request] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def asked(self) -> list[str]:
        return [request.path for request in self.requests]

    def serve(self, path: str, body: str) -> None:
        self.answer(path, Answer(body=body.encode()))

    def answer(self, path: str, *answers: Answer) -> None:
        self.answers[path] = list(answers)

    def next_answer(self, path: str) -> Answer:
        answers = self.answers.get(path, [self.otherwise])
        return answers.pop(0) if len(answers) > 1 else answers[0]


@contextmanager
def running() -> Iterator[WebServer]:
    with WebServer() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: WebServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.server.requests.append(Request(parts.path, dict(parse_qsl(parts.query)), dict(self.headers)))
        answer = self.server.next_answer(parts.path)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        missing = 1_000 if answer.trickles or answer.breaks_off else 0
        self.send_header("Content-Length", str(len(answer.body) + missing))
        self.end_headers()
        if answer.trickles:
            self._trickle()
        self.wfile.write(answer.body)
        self.close_connection = answer.breaks_off

    def _trickle(self) -> None:
        try:
            for _ in range(1_000):
                self.wfile.write(b" ")
                time.sleep(BETWEEN_DROPS)
        except OSError:
            """Whoever asked has had enough."""

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""
