"""The server's log: one stream of lines, whoever writes them, with the correlation id and without secrets."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final, Literal, TextIO

import structlog
from structlog.typing import Processor

from twin2multicloud.app.correlation import correlation_id
from twin2multicloud.app.redaction import redacted

_LEFT_OUT: Final = ("color_message", "websocket", "taskName")
"""What libraries add to their records for their own handlers."""
_TAKEN_OVER: Final = ("uvicorn", "uvicorn.error", "uvicorn.access", "alembic", "sqlalchemy", "dbos", "py.warnings")
_QUIET: Final = {
    "uvicorn.access": logging.CRITICAL,  # requests have a line of ours
    "alembic": logging.WARNING,
    "httpx2": logging.WARNING,  # it tells whole URLs
}


def configure(log_format: Literal["json", "text"], stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Have everything that this process logs go to a stream (by default standard error). For whoever serves; again
    replaces what was configured before. uvicorn must be kept from configuring logs itself (`log_config=None`).
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _correlated,
    ]
    end: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        # As text, by the standard library: it tells lines of code, never the values of variables.
        structlog.processors.format_exc_info,
        _redacted,
    ]
    end += [_json_fields, structlog.processors.JSONRenderer()] if log_format == "json" else [_text]
    structlog.configure(
        processors=[
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()], processors=end, use_get_message=True
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _TAKEN_OVER:
        logger = logging.getLogger(name)
        # A handler of its own keeps DBOS from adding one that writes past ours.
        logger.handlers = [handler] if name == "dbos" else []
        logger.propagate = name != "dbos"
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(least)
    logging.captureWarnings(True)


def _correlated(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    found = correlation_id()
    if found != "-":
        event.setdefault("correlation_id", found)
    return event


def _redacted(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: redacted(value, name) for name, value in event.items() if name not in _LEFT_OUT}


def _json_fields(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What programs look for comes first, under the names that they expect."""
    first = {"at": event.pop("at", None), "level": event.pop("level", ""), "logger": event.pop("logger", "")}
    return {**first, "message": event.pop("event", ""), **event}


def _text(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    """One line, whatever is in it; a traceback follows it."""
    at, level, name = (str(event.pop(key, "")) for key in ("at", "level", "logger"))
    message = _one_line(str(event.pop("event", "")))
    trace = event.pop("exception", None)
    more = "".join(f" {key}={_one_line(_shown(value))}" for key, value in event.items())
    line = f"{at[:23]}Z {level:<7} {name}: {message}{more}"
    return line if trace is None else f"{line}\n{trace}"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) and value and not set(value) & set(" =\"'") else repr(value)


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
