"""Log lines carry what was bound once, as JSON in production."""

import json
import logging
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog

from config.logs import configure_logs
from config.settings import Settings


@pytest.fixture(autouse=True)
def restore_logging() -> Iterator[None]:
    """pytest's own handlers are put back by its plugin; ours must not outlive the test."""
    root = logging.getLogger()
    before = list(root.handlers)
    yield
    root.handlers[:] = before
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_production_writes_one_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(environment="production"), "worker")
    with structlog.contextvars.bound_contextvars(job_id=7):
        structlog.get_logger().info("job_started", queue="cpu")
        logging.getLogger("library").warning("careful")
    ours, theirs = lines(capsys)
    assert ours["event"] == "job_started"
    assert {"job_id": 7, "queue": "cpu", "process": "worker", "level": "info"}.items() <= ours.items()
    assert {"event": "careful", "job_id": 7, "level": "warning"}.items() <= theirs.items()
    assert str(ours["timestamp"]).endswith("Z")


def test_an_error_has_its_trace_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(log_format="json"), "api")
    try:
        raise ValueError("bad")
    except ValueError:
        structlog.get_logger().exception("broken")
    (line,) = lines(capsys)
    assert "ValueError" in json.dumps(line["exception"])


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_value_of_a_variable_is_in_a_trace(
    capsys: pytest.CaptureFixture[str], log_format: Literal["json", "console"]
) -> None:
    configure_logs(Settings(log_format=log_format), "worker")
    password = "hunter" + "2"
    try:
        raise ValueError(len(password))
    except ValueError:
        structlog.get_logger().exception("broken")
    said = capsys.readouterr().err
    assert "ValueError" in said
    assert "hunter2" not in said
