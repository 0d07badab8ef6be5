"""One line per event: JSON in production, readable in a terminal; request and job ids are bound once."""

import logging
import sys
from collections.abc import Mapping
from contextvars import ContextVar, Token
from types import MappingProxyType

import structlog
from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import ExceptionRenderer, JSONRenderer
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor, WrappedLogger

from config.settings import Settings

# Libraries whose INFO lines would repeat ours.
QUIET = ("procrastinate", "httpx2", "httpcore2", "psycopg.pool", "uvicorn.access")


_about: ContextVar[Mapping[str, object]] = ContextVar("log about", default=MappingProxyType({}))


def log_about(**what: object) -> Token[Mapping[str, object]]:
    """What the lines of this task are about from now on; `log_as_before` takes the token."""
    return _about.set(what)


def log_as_before(token: Token[Mapping[str, object]]) -> None:
    _about.reset(token)


def configure_logs(settings: Settings, process: str) -> None:
    """Sends our events and the libraries' records through one renderer on standard error."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_what_it_is_about,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_process(process),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        # Below the level a call costs next to nothing: the worker makes two for each job.
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(settings.log_level)),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(settings)],
        )
    )
    logging.basicConfig(handlers=[handler], level=settings.log_level, force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(settings.log_level)))


def _renderers(settings: Settings) -> list[Processor]:
    # Traces without the values of variables: those may be passwords.
    as_json = settings.log_format == "json" or (
        settings.log_format == "auto" and settings.environment == "production"
    )
    if as_json:
        return [ExceptionRenderer(ExceptionDictTransformer(show_locals=False)), JSONRenderer()]
    return [ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain_traceback)]


def _add_what_it_is_about(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    for name, value in _about.get().items():
        event.setdefault(name, value)
    return event


def _name_process(process: str) -> Processor:
    def add(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["process"] = process
        return event

    return add
