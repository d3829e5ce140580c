"""The answer to a question that changes as somebody types: asked once they pause, the old one dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from twin2multicloud.app.ui.store import Store
from twin2multicloud.model.errors import Twin2MultiCloudError

T = TypeVar("T")


class Work(Store):
    """Whether an answer is awaited."""

    def __init__(self) -> None:
        super().__init__()
        self.busy = False

    def become(self, busy: bool) -> None:
        """It is, or is not any more."""
        if busy != self.busy:
            self.busy = busy
            self.changed()


class Latest(Store, Generic[T]):
    """What `ask` answered last. While a newer answer is awaited, `value` and `error` stay as they were; `work` tells
    that by itself, so that not all that is shown of an answer is shown anew because another one is awaited.

    At most one question is under way: what is wanted meanwhile is asked when its answer is there, and that one is
    dropped. An answer clears `error`; an error leaves the last `value`.
    """

    def __init__(self, ask: Callable[[], Awaitable[T]], pause_s: float) -> None:
        super().__init__()
        self._ask = ask
        self._pause_s = pause_s
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._again = False
        self.value: T | None = None
        self.error: Twin2MultiCloudError | None = None
        self.work = Work()

    def want(self) -> None:
        """The question has changed: ask it once it has not changed for a while."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._pause_s, self.now)
        self.work.become(True)

    def now(self) -> None:
        """Ask at once."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.work.become(True)
        if self._task is not None and not self._task.done():
            self._again = True
            return
        self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        """Nobody wants to know any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self.work.become(False)

    async def _run(self) -> None:
        while True:
            self._again = False
            value: T | None = None
            error: Twin2MultiCloudError | None = None
            try:
                value = await self._ask()
            except Twin2MultiCloudError as caught:
                error = caught
            if not self._again:
                break
        if error is None:
            self.value = value
        self.error = error
        self.work.become(self._timer is not None)
        self.changed()
