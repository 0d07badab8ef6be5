"""A server on this machine that speaks S3 (moto's), which a test may slow down, break or mount elsewhere."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TYPE_CHECKING

from moto.core.authorization import enable_iam_authentication
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.s3.models import s3_backends
from pydantic import SecretStr
from werkzeug.serving import make_server

from config.artifact_location import Bucket

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ACCOUNT = "123456789012"
REGION = "eu-west-1"
NAME = "models"
ANY_KEYS = ("AKIATESTTESTTEST0000", "hunter2/secret")
ALL_OF_S3 = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}'


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]


@dataclass
class S3Server:
    """`url` as a client sees it; what was asked; and how it behaves until the next test."""

    host: str
    mounted_at: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: str | None = None
    """A status that every request gets, instead of moto's answer."""
    has_conditional_writes: bool = True
    ignores_conditions: bool = False
    cuts_off: bool = False
    stalled: bool = False
    """Requests wait for the end of the test."""
    arrived: Event = field(default_factory=Event)
    released: Event = field(default_factory=Event)

    @property
    def url(self) -> str:
        return f"http://{self.host}{self.mounted_at}"

    def bucket(self, name: str = NAME, prefix: str = "", keys: tuple[str, str] = ANY_KEYS) -> Bucket:
        """Where clients find the bucket of this test; any keys are good while signatures are not checked."""
        return Bucket(self.url, REGION, name, prefix, *map(SecretStr, keys))

    def objects(self) -> dict[str, bytes]:
        """What the bucket holds, by name."""
        keys = s3_backends[ACCOUNT]["aws"].buckets[NAME].keys
        return {name: key.value for name, key in keys.items()}

    def put(self, name: str, data: bytes) -> None:
        """Past the client, as somebody else would."""
        s3_backends[ACCOUNT]["aws"].put_object(NAME, name, data)

    @contextmanager
    def signatures_checked(self) -> Iterator[tuple[str, str]]:
        """The server takes the keys of one user only, which are these, and computes each signature anew."""
        iam = iam_backends[ACCOUNT]["aws"]
        iam.create_user(REGION, "matchday")
        iam.put_user_policy("matchday", "all", ALL_OF_S3)
        key = iam.create_access_key("matchday")
        with enable_iam_authentication():
            yield key.access_key_id, key.secret_access_key


class Front:
    """Stands before moto and behaves as the test wants."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self.server = S3Server("")

    @contextmanager
    def listening(self) -> Iterator[None]:
        server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=_Quiet)
        self.server.host = f"127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    @contextmanager
    def fresh(self) -> Iterator[S3Server]:
        """For one test: an empty bucket, and the usual behaviour."""
        self.server = S3Server(self.server.host)
        s3_backends[ACCOUNT]["aws"].create_bucket(NAME, REGION)
        try:
            yield self.server
        finally:
            self.server.released.set()
            s3_backends[ACCOUNT]["aws"].reset()
            iam_backends[ACCOUNT]["aws"].reset()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        server = self.server
        path = environ["PATH_INFO"]
        headers = {name[5:].lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
        server.asked.append(Asked(environ["REQUEST_METHOD"], path, headers))
        if server.stalled:
            server.arrived.set()
            server.released.wait(30)
        if status := self._refusal(path, headers):
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            body = f"<Error><Message>{headers['authorization']}</Message></Error>".encode()
            start_response(status, [("Content-Length", str(len(body)))])
            return [body]
        if server.ignores_conditions:
            environ.pop("HTTP_IF_NONE_MATCH", None)
        for name in ("PATH_INFO", "RAW_URI", "REQUEST_URI"):
            environ[name] = environ[name].removeprefix(server.mounted_at)
        body = b"".join(self._moto(environ, start_response))
        return [body[: len(body) // 2]] if server.cuts_off else [body]

    def _refusal(self, path: str, headers: dict[str, str]) -> str | None:
        if self.server.answers:
            return self.server.answers
        if not path.startswith(f"{self.server.mounted_at}/"):
            return "404 Not Found"
        if "if_none_match" in headers and not self.server.has_conditional_writes:
            return "501 Not Implemented"
        return None


class _Quiet(MotoRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing."""
