"""Whatever is sent, the answer is a problem that names the place and what is allowed; nothing is written."""

import base64
import gzip
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import psycopg
import pytest

from app.main import create_app
from config.settings import Settings
from tests.app.conftest import client_of

pytestmark = pytest.mark.anyio
JSON = {"Content-Type": "application/json"}
DEEP = 200_000
CLEANUP = "/api/jobs/cleanup"
BEYOND_TIME = base64.urlsafe_b64encode(b"999999999999999999.1").decode().rstrip("=")


def job(**members: str) -> bytes:
    """The body of a job with these members, written as raw JSON."""
    written = "".join(f', "{name}": {value}' for name, value in members.items())
    return f'{{"type": "test_echo"{written}}}'.encode()


def echo(params: str) -> bytes:
    return job(params=params)


# Each: the body, the status, where it points, a word of what it says.
BODIES: dict[str, tuple[bytes, int, str, str]] = {
    "unknown type": (b'{"type": "nope"}', 422, "/type", "data_pipeline"),
    "type missing": (b"{}", 422, "/type", "required"),
    "type of another kind": (b'{"type": 1}', 422, "/type", "string"),
    "type null": (b'{"type": null}', 422, "/type", "string"),
    "unknown member": (job(when="1"), 422, "/when", "allowed: type, params"),
    "text for a number": (echo('{"count": "x"}'), 422, "/params/count", "integer"),
    "number as text": (echo('{"count": "3"}'), 422, "/params/count", "integer"),
    "number as truth": (echo('{"count": true}'), 422, "/params/count", "integer"),
    "parameter too large": (echo('{"count": 11}'), 422, "/params/count", "10"),
    "parameter too long": (echo('{"label": "%s"}' % ("x" * 21)), 422, "/params/label", "20"),
    "unknown parameter": (echo('{"cuont": 1}'), 422, "/params/cuont", "allowed: count"),
    "parameters as a list": (echo("[]"), 422, "/params", "dictionary"),
    "naive time": (job(run_after='"2030-01-01T00:00:00"'), 422, "/run_after", "timezone"),
    "naive time parameter": (
        echo('{"starts_at": "2030-01-01T00:00:00"}'), 422, "/params/starts_at", "timezone"),
    "bad date": (job(run_after='"2030-02-31T00:00:00Z"'), 422, "/run_after", "day"),
    "time as a number": (job(run_after="1893456000"), 422, "/run_after", "ISO 8601"),
    "time too late": (job(run_after='"9999-12-31T23:59:59-14:00"'), 422, "/run_after", "2200"),
    "time too early": (job(run_after='"0001-01-01T00:00:00+14:00"'), 422, "/run_after", "2000"),
    "priority too high": (job(priority="101"), 422, "/priority", "100"),
    "NaN": (echo('{"ratio": NaN}'), 422, "/params/ratio", "finite"),
    "Infinity": (echo('{"ratio": -Infinity}'), 422, "/params/ratio", "finite"),
    "1e999": (echo('{"ratio": 1e999}'), 422, "/params/ratio", "finite"),
    "NUL": (echo(r'{"label": "a\u0000b"}'), 422, "/params/label", "U+0000"),
    "NUL in a name": (echo(r'{"a\u0000b": 1}'), 422, "/params/a\0b", "U+0000"),
    "lone surrogate": (echo(r'{"label": "\ud800"}'), 422, "/params/label", "surrogate"),
    "lone surrogate as a name": (echo(r'{"\udfff": 1}'), 422, "/params/?", "surrogate"),
    "integer beyond 64 bits": (echo('{"count": 9223372036854775808}'), 422, "/params/count", "2^63"),
    "integer of 5,000 digits": (echo('{"count": %s}' % ("9" * 5_000)), 422, "/params/count", "2^63"),
    "name given twice": (b'{"type": "test_echo", "type": "cleanup"}', 422, "/type", "once"),
    "depth 33": (echo('{"label": %s}' % ("[" * 31 + "]" * 31)), 422, "/params/label/0", "32"),
    "depth 200,000": (b"[" * DEEP + b"]" * DEEP, 422, "", "32"),
    "depth 200,000 inside": (echo('{"label": %s}' % ("[" * DEEP + "]" * DEEP)), 422, "", "32"),
    "depth 100,000 of objects": (echo('{"a":' * 100_000 + "1" + "}" * 100_000), 422, "", "32"),
    "no JSON": (b"{type: test_echo}", 400, "", "line 1"),
    "cut off": (b'{"type": "test_echo"', 400, "", "line 1"),
    "bad UTF-8": (b'{"type": "\xff"}', 400, "", "UTF-8"),
    "a byte order mark": (b'\xef\xbb\xbf{"type": "test_echo"}', 400, "", "BOM"),
    "UTF-16": ('{"type": "test_echo"}'.encode("utf-16"), 400, "", "UTF-8"),
    "empty": (b"", 422, "", "required"),
    "a list": (b'[{"type": "test_echo"}]', 422, "", "dictionary"),
    "null": (b"null", 422, "", "dictionary"),
    "too large": (b'{"type": "' + b"x" * 1_000_000 + b'"}', 413, "", "1,000,000"),
}  # fmt: skip

# Each: the method, the path, the status, where it points, a word of what it says.
PATHS: dict[str, tuple[str, str, int, str, str]] = {
    "bad cursor": ("GET", "/api/jobs?cursor=abc", 422, "?cursor", "next_cursor"),
    "cursor of other characters": ("GET", "/api/jobs?cursor=%00%ff", 422, "?cursor", "next_cursor"),
    "cursor beyond time": ("GET", f"/api/jobs?cursor={BEYOND_TIME}", 422, "?cursor", "next_cursor"),
    "cursor too long": ("GET", "/api/jobs?cursor=" + "A" * 81, 422, "?cursor", "80"),
    "limit 1e9": ("GET", "/api/jobs?limit=1000000000", 422, "?limit", "200"),
    "limit in words": ("GET", "/api/jobs?limit=1e9", 422, "?limit", "integer"),
    "limit 0": ("GET", "/api/jobs?limit=0", 422, "?limit", "1"),
    "limit of 5,000 digits": ("GET", "/api/jobs?limit=" + "9" * 5_000, 422, "?limit", ""),
    "unknown status": ("GET", "/api/jobs?status=doing", 422, "?status", "running"),
    "unknown type": ("GET", "/api/jobs?type=nope", 422, "?type", "data_pipeline"),
    "type with NUL": ("GET", "/api/jobs?type=%00", 422, "?type", "data_pipeline"),
    "queue with NUL": ("GET", "/api/jobs?queue=%00", 422, "?queue", "pattern"),
    "queue with bad UTF-8": ("GET", "/api/jobs?queue=%ff", 422, "?queue", "pattern"),
    "queue with a surrogate": ("GET", "/api/jobs?queue=%ed%a0%80", 422, "?queue", "pattern"),
    "queue with SQL": ("GET", "/api/jobs?queue=a'%20or%201=1--", 422, "?queue", "pattern"),
    "naive time": ("GET", "/api/jobs?created_since=2026-01-01T00:00:00", 422, "?created_since", "timezone"),
    "bad date": ("GET", "/api/jobs?created_since=2026-13-01T00:00:00Z", 422, "?created_since", "month"),
    "time as a number": ("GET", "/api/jobs?created_since=1700000000", 422, "?created_since", "ISO 8601"),
    "unknown query parameter": ("GET", "/api/jobs?stauts=failed", 422, "?stauts", "?status"),
    "id beyond bigint": ("GET", "/api/jobs/9223372036854775808", 422, "{job_id}", "9223372036854775807"),
    "id 0": ("GET", "/api/jobs/0", 422, "{job_id}", "1"),
    "id in words": ("GET", "/api/jobs/abc", 422, "{job_id}", "integer"),
    "id with NUL": ("GET", "/api/jobs/%00", 422, "{job_id}", "integer"),
    "id in Arabic digits": ("GET", "/api/jobs/%d9%a1%00", 422, "{job_id}", "integer"),
    "clean up by a wrong name": ("DELETE", f"{CLEANUP}?older_than=1", 422, "?older_than", "?older_than_days"),
    "clean up by no age": ("DELETE", f"{CLEANUP}?older_than_days=", 422, "?older_than_days", "number"),
    "clean up by NaN": ("DELETE", f"{CLEANUP}?older_than_days=nan", 422, "?older_than_days", "finite"),
    "clean up the future": ("DELETE", f"{CLEANUP}?older_than_days=-1", 422, "?older_than_days", "0"),
    "clean up too far back": ("DELETE", f"{CLEANUP}?older_than_days=1e9", 422, "?older_than_days", "3650"),
    "league code with a blank": ("GET", "/api/v1/predictions/league/D%201", 422, "{league_code}", "pattern"),
    "league code with NUL": ("GET", "/api/v1/predictions/league/%00", 422, "{league_code}", "pattern"),
    "sport with NUL": ("GET", "/api/models?sport=%00", 422, "?sport", "pattern"),
    "pipeline id beyond bigint": ("GET", "/api/pipelines/99999999999999999999", 422, "{job_id}", ""),
    "training too far back": ("POST", "/api/ml/train?days_back=999999", 422, "?days_back", "73000"),
    "no flag": ("POST", "/api/data/quick-refresh?refresh_token=maybe", 422, "?refresh_token", "boolean"),
}  # fmt: skip


@pytest.fixture(scope="module")
async def client(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx2.AsyncClient]:
    """One application for the whole table: nothing that it refuses may leave a trace."""
    home = tmp_path_factory.mktemp("home")
    app = create_app(Settings(_env_file=None, database_url=database_url, matchday_home=home))
    async with client_of(app) as client:
        yield client


@pytest.fixture(autouse=True)
def _nothing_is_written(database_url: str) -> Iterator[None]:
    before = count_jobs(database_url)
    yield
    assert count_jobs(database_url) == before


def count_jobs(database_url: str) -> int:
    with psycopg.connect(database_url) as conn:
        (count,) = conn.execute("select count(*) from procrastinate_jobs").fetchone() or (0,)
    return int(count)


def check(answer: httpx2.Response, status: int, pointer: str, word: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert word in problem["errors"][0]["message"]
    assert "Traceback" not in answer.text
    return problem


@pytest.mark.parametrize(("body", "status", "pointer", "word"), BODIES.values(), ids=BODIES)
async def test_a_bad_body_is_refused_by_name(
    client: httpx2.AsyncClient, body: bytes, status: int, pointer: str, word: str
) -> None:
    answer = await client.post("/api/jobs", content=body, headers=JSON)
    check(answer, status, pointer, word)


@pytest.mark.parametrize(("method", "path", "status", "pointer", "word"), PATHS.values(), ids=PATHS)
async def test_a_bad_path_or_query_is_refused_by_name(
    client: httpx2.AsyncClient, method: str, path: str, status: int, pointer: str, word: str
) -> None:
    check(await client.request(method, path), status, pointer, word)


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
     "application/xml", "application/json; charset=utf-16"],
)  # fmt: skip
async def test_another_content_type_is_refused(client: httpx2.AsyncClient, content_type: str) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = await client.post("/api/jobs", content=b'{"type": "test_echo"}', headers=headers)
    check(answer, 415, "Content-Type", "application/json")


async def test_a_compressed_body_is_refused(client: httpx2.AsyncClient) -> None:
    headers = {**JSON, "Content-Encoding": "gzip"}
    answer = await client.post("/api/jobs", content=gzip.compress(b'{"type": "test_echo"}'), headers=headers)
    check(answer, 415, "Content-Encoding", "compressed")


@pytest.mark.parametrize("name", ["a\x07b", " ", "x" * 101, "\xe9"])
async def test_an_unprintable_or_long_requester_is_refused(client: httpx2.AsyncClient, name: str) -> None:
    headers = [(b"X-Requested-By", name.encode("latin-1")), (b"Content-Type", b"application/json")]
    answer = await client.post("/api/jobs", content=b'{"type": "test_echo"}', headers=headers)
    check(answer, 422, "X-Requested-By", "pattern")


@pytest.mark.parametrize("request_id", ["a b", "x" * 129, "<script>"])
async def test_a_bad_request_id_is_replaced(client: httpx2.AsyncClient, request_id: str) -> None:
    answer = await client.get("/api/jobs/999999999", headers={"X-Request-ID": request_id})
    assert answer.headers["x-request-id"] == answer.json()["request_id"] != request_id


@pytest.mark.parametrize("path", ["/api/run-pipeline", "/api/ml/generate-predictions"])
async def test_a_shortcut_checks_its_body_as_a_job_does(client: httpx2.AsyncClient, path: str) -> None:
    check(await client.post(path, json={"horizon_days": "7"}), 422, "/horizon_days", "integer")
    check(await client.post(path, json={"history_dys": 1}), 422, "/history_dys", "allowed")
    check(await client.post(path, json=[]), 422, "", "object")


async def test_several_faults_are_told_together(client: httpx2.AsyncClient) -> None:
    params = {"count": -1, "ratio": "x", "colour": 1}
    problem = (await client.post("/api/jobs", json={"type": "test_echo", "params": params})).json()
    assert {error["pointer"] for error in problem["errors"]} == {
        "/params/count",
        "/params/ratio",
        "/params/colour",
    }


@pytest.mark.parametrize(
    "path", ["/nowhere", "/api/jobs/", "/api//jobs", "/docs/oauth2-redirect", "/%00", "/%ff"]
)
async def test_an_unknown_path_is_a_problem(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/not-found"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [("PUT", "/api/jobs", "GET, HEAD, POST, OPTIONS"), ("GET", "/api/run-pipeline", "POST, OPTIONS"),
     ("DELETE", "/api/jobs/7", "GET, HEAD, OPTIONS"), ("BREW", "/api/jobs", "GET, HEAD, POST, OPTIONS")],
)  # fmt: skip
async def test_a_wrong_method_is_told_the_right_ones(
    client: httpx2.AsyncClient, method: str, path: str, allow: str
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["allow"] == allow


async def test_every_problem_type_has_its_page(client: httpx2.AsyncClient) -> None:
    problem = (await client.get("/nowhere")).json()
    page = (await client.get(problem["type"])).json()
    assert (page["status"], page["title"]) == (404, problem["title"])
    assert "not-found" in (await client.get("/problems/no-such")).json()["detail"]


async def test_the_schema_tells_what_is_checked(client: httpx2.AsyncClient) -> None:
    schema = (await client.get("/openapi.json")).json()
    body = schema["paths"]["/api/run-pipeline"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]
    assert body["properties"]["history_days"]["minimum"] == 1
    assert "HTTPValidationError" not in json.dumps(schema)
