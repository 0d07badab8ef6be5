"""The other side of the pipe: runs one handler in a process forked from the warm server."""

import asyncio
import ctypes
import json
import os
import signal
import threading
import traceback
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import Any

from pydantic import BaseModel

from config.logs import configure_logs, log_about
from config.settings import Settings
from jobs.handler import HANDLERS, CancelRequested, Job, LostAttempt, Snooze
from jobs.vitals import Vitals
from store.database import Database
from store.jsonb import storable_json

PR_SET_PDEATHSIG = 1
# Results are read with every list of jobs; what is larger belongs into tables.
LONGEST_ERROR = 2_000
LARGEST_RESULT = 1_000_000
SECONDS_BETWEEN_LOOKS = 1.0


@dataclass(frozen=True)
class Order:
    """What a child needs to know to run one attempt."""

    handler_module: str  # importing it declares the job type
    job_type: str
    job_id: int
    attempt: int
    params: dict[str, Any]
    inputs: dict[str, Any]
    request_id: str | None
    worker_id: int | None
    settings: Settings


def main(pipe: Connection, order: Order, vitals: Vitals) -> None:
    """Sends one JSON object a line: any number of progress reports, then one ending."""
    os.setsid()  # a group of its own, so that killing it takes the helpers of XGBoost and joblib too
    _die_with_worker(vitals)
    configure_logs(order.settings, f"job {order.job_id}")
    log_about(
        job_id=order.job_id, job_type=order.job_type, attempt=order.attempt, request_id=order.request_id
    )
    with os.fdopen(os.dup(pipe.fileno()), "wb") as out:
        messages = Messages(out.write, out.flush)
        messages.send(asyncio.run(_run(order, messages)))


class Messages:
    """The child's end of the pipe; handlers may report from any thread."""

    def __init__(self, write: Any, flush: Any) -> None:
        self._write, self._flush, self._lock = write, flush, threading.Lock()

    def report(self, fraction: float, step: str, message: str) -> None:
        self.send({"progress": [fraction, step, message]})

    def send(self, message: dict[str, Any]) -> None:
        line = json.dumps(message, allow_nan=False).encode() + b"\n"
        with self._lock:
            self._write(line)
            self._flush()


async def _run(order: Order, messages: Messages) -> dict[str, Any]:
    """One attempt, told as the message that ends it."""
    try:
        handler = find_handler(order.handler_module, order.job_type)
    except Exception as error:  # noqa: BLE001 - whatever an import raises is told to the worker
        return {"no_handler": describe(error)}
    database = Database(order.settings.database_url, process=f"job {order.job_id}", pool_size=2)
    try:
        job = Job(
            order.job_id,
            order.attempt,
            database,
            order.settings,
            messages.report,
            order.inputs,
            order.worker_id,
        )
        params = handler.params.model_validate(order.params)
        ending = {"result": storable_result(await handler().run(params, job))}
    except LostAttempt:
        return {"lost": True}
    except CancelRequested:
        return {"cancelled": True}
    except Snooze as snooze:
        return {"snooze": snooze.seconds}
    except Exception as error:  # noqa: BLE001 - whatever a handler raises is told to the worker
        return {"error": describe(error), "trace": trace_of(error), "transient": handler.retry.allows(error)}
    finally:
        await database.close()
    return ending


def find_handler(module: str, job_type: str) -> Any:
    import_module(module)
    return HANDLERS[job_type]


def storable_result(result: BaseModel | None) -> Any:
    """The result as JSON values. Raises ValueError for what JSON cannot say, and for far too much of it."""
    if result is None:
        return None
    if not isinstance(result, BaseModel):
        raise TypeError(f"a handler returns a pydantic model or None, not {type(result).__name__}")
    values = result.model_dump(mode="json")
    size = len(storable_json(values))
    if size > LARGEST_RESULT:
        raise ValueError(
            f"the result has {size:,} characters, and {LARGEST_RESULT:,} is the limit: store rows"
        )
    return values


def describe(error: BaseException) -> str:
    """One line a user may see: the error's kind and its text."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {shortened(text[0])}" if text else type(error).__name__


def shortened(line: str) -> str:
    """Lists of jobs have many of them; the trace has it all."""
    left_out = len(line) - LONGEST_ERROR
    return line if left_out <= 0 else f"{line[:LONGEST_ERROR]} ... ({left_out:,} characters more)"


def trace_of(error: BaseException) -> str:
    """For the operator: the last ten calls."""
    return "".join(traceback.format_exception(error, limit=-10))


def _die_with_worker(vitals: Vitals) -> None:
    """The child must not outlive its worker, killed or declared dead.

    The kernel ends it with the warm server, which ends with the worker; the thread covers the moment before,
    and a worker that is stopped or cut off: others may soon take its jobs.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    worker = parent_process()
    assert worker is not None  # noqa: S101 - main runs in a child only
    threading.Thread(target=_exit_after, args=(worker.sentinel, vitals), daemon=True).start()


def _exit_after(sentinel: int, vitals: Vitals) -> None:
    while not wait([sentinel], SECONDS_BETWEEN_LOOKS):
        if vitals.is_alone:
            os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)
