"""DBOS's own messages, as part of ours: no handler of its own, and nothing about what is wanted."""

from __future__ import annotations

import logging
from typing import Final

from dbos import error as dbos_error

_EXPECTED: Final = ("cancelled during execution", "Asyncio task cancelled", "already exists in queue: None")
"""What DBOS warns of when a stage is cancelled, or the engine closed, or a cancelled stage started again."""


def quietened() -> None:
    """To be called before DBOS is made: it gives a logger without a handler one that prints to standard error."""
    logger = logging.getLogger("dbos")
    if not any(isinstance(handler, logging.NullHandler) for handler in logger.handlers):
        logger.addHandler(logging.NullHandler())
        logger.addFilter(_worth_telling)


def _worth_telling(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, dbos_error.DBOSAwaitedWorkflowCancelledError):
        return False
    message = record.getMessage()
    return not any(expected in message for expected in _EXPECTED)
