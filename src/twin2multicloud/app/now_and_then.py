"""Doing something again and again in a thread, for as long as somebody serves."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

_LOG: Final = logging.getLogger(__name__)


@contextmanager
def now_and_then(work: Callable[[], None], every_s: float, *, name: str, left_undone: str) -> Iterator[None]:
    """While this lasts, `work` is done every `every_s` seconds, by a thread called `name`. While the database is away
    it is not: the log says what was `left_undone`, and the next time comes.
    """
    ended = threading.Event()

    def go_on() -> None:
        while not ended.wait(every_s):
            try:
                work()
            except SQLAlchemyError as error:
                _LOG.warning("%s: %s", left_undone, type(error).__name__)

    thread = threading.Thread(target=go_on, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
