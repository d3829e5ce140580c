"""The correlation id of the request at hand: in every log line, problem, audit entry and run that it causes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_CURRENT: Final[ContextVar[str]] = ContextVar("correlation_id", default="-")


def correlation_id() -> str:
    """The request's, "-" outside one."""
    return _CURRENT.get()


@contextmanager
def correlated(found: str) -> Iterator[None]:
    """What is done within belongs to this id."""
    token = _CURRENT.set(found)
    try:
        yield
    finally:
        _CURRENT.reset(token)
