"""What somebody asked for and is under way: its button says so, and none of its kind can be pressed meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from twin2multicloud.app.ui.failures import Failure
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.store import Store


class Busy(Store):
    """What is being carried out, by name; "" for nothing. `failure`: how the last one failed."""

    def __init__(self) -> None:
        super().__init__()
        self.doing = ""
        self.failure: Failure | None = None

    def act(self, session: Session, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Carry something out, unless something is being carried out."""
        if self.doing:
            return
        self.doing, self.failure = name, None
        self.changed()

        async def carried_out() -> None:
            try:
                await work()
            finally:
                self.doing = ""
                self.changed()

        session.act(carried_out(), failed=self._failed)

    def free(self, act: Callable[[], None]) -> Callable[[], None] | None:
        """What a button does; None, which disables it, while something is being carried out."""
        return None if self.doing else act

    def _failed(self, failure: Failure) -> None:
        self.failure = failure
        self.changed()
