"""What is loaded from the API: waited for, failed or there, and loaded again while what there was stays in view."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from twin2multicloud.app.ui.failures import Failure
from twin2multicloud.app.ui.store import Store
from twin2multicloud.model.errors import Twin2MultiCloudError

T = TypeVar("T")


class Remote(Store, Generic[T]):
    """A value that is elsewhere. `value` None: not there yet (see `failure`). While `loading` an older value stays, to
    begin with that of a remote `before`.
    """

    def __init__(self, load: Callable[[], Awaitable[T]], before: Remote[T] | None = None) -> None:
        super().__init__()
        self._load = load
        self._task: asyncio.Task[None] | None = None
        self._again = False
        self.value: T | None = None if before is None else before.value
        self.failure: Failure | None = None
        self.loading = False

    def refresh(self, *, quietly: bool = False) -> None:
        """Load it (again). Asked for while it is loading, it is loaded once more afterwards. `quietly`: nobody is told
        that it is being loaded, nor that nothing has changed, and one that is under way will do.
        """
        if self._task is not None and not self._task.done():
            self._again = self._again or not quietly
            return
        self._task = asyncio.create_task(self._run(quietly))

    def put(self, value: T) -> None:
        """Take a newer value that came otherwise, such as the answer to a change."""
        self.value, self.failure = value, None
        self.changed()

    def stop(self) -> None:
        """Nobody wants it any more."""
        if self._task is not None:
            self._task.cancel()

    async def settled(self) -> None:
        """Wait until nothing is being loaded."""
        while self._task is not None and not self._task.done():
            await asyncio.wait({self._task})

    async def _run(self, quietly: bool) -> None:
        while True:
            self._again = False
            self.loading = True
            if not quietly and self.failure is not None:  # otherwise nothing looks different
                self.changed()
            before = (self.value, self.failure)
            try:
                value = await self._load()
            except Twin2MultiCloudError as error:
                self.failure = Failure.of(error)
            else:
                self.value, self.failure = value, None
            self.loading = self._again
            if not quietly or (self.value, self.failure) != before:
                self.changed()
            if not self._again:
                return
            quietly = False
