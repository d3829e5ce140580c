"""Going round while this process is the only one to do so, and errands in other threads, which hold up no round."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, Self

from sqlalchemy.exc import SQLAlchemyError

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.monitoring.alone import Reach, the_only_one

_AGAIN_S: Final = 1.0
_AT_ONCE: Final = 8
_LOG: Final = logging.getLogger(__name__)


class Errands:
    """Work by name, each at most once at a time. A database that fails is logged as `complaint`, which names it."""

    def __init__(self, name: str, complaint: str) -> None:
        self._complaint = complaint
        self.pool = ThreadPoolExecutor(_AT_ONCE, name)
        self._guard = threading.Lock()
        self._under_way: set[str] = set()

    def __contains__(self, name: object) -> bool:
        with self._guard:
            return name in self._under_way

    def begin(self, name: str, work: Callable[[], None]) -> None:
        """Have it done, unless it is under way."""
        with self._guard:
            if name in self._under_way:
                return
            self._under_way.add(name)
        self.pool.submit(self._do, name, work)

    def _do(self, name: str, work: Callable[[], None]) -> None:
        try:
            work()
        except SQLAlchemyError as error:
            _LOG.warning(self._complaint, name, type(error).__name__)
        finally:
            with self._guard:
                self._under_way.discard(name)


@dataclass
class Rounds:
    """A thread that goes round while its process is the one within `reach` to hold `lock`. A context.

    `go_round` says how many seconds later the next one is due; `wake` brings that forward. A database that fails is
    logged as `complaint`. `errands` are waited for at the end.
    """

    backend: Backend
    lock: str
    reach: Reach
    go_round: Callable[[], float]
    errands: tuple[Errands, ...]
    complaint: str
    _ended: threading.Event = field(default_factory=threading.Event)
    _news: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._go_on, name=self.lock, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._news.set()
        self._thread.join()
        for each in self.errands:
            each.pool.shutdown()

    def wake(self) -> None:
        """There is news: go round at once."""
        self._news.set()

    def _go_on(self) -> None:
        while not self._ended.is_set():
            try:
                with the_only_one(self.backend, self.lock, self.reach) as alone:
                    while alone.holds() and not self._ended.is_set():
                        self._news.clear()
                        pause_s = self.go_round()
                        # Whoever ends this may have done so before the news were cleared.
                        if not self._ended.is_set():
                            self._news.wait(pause_s)
            except SQLAlchemyError as error:
                _LOG.warning(self.complaint, type(error).__name__)
            self._ended.wait(_AGAIN_S)
