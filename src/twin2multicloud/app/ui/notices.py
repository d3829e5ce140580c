"""Short messages: what was done, what failed, what came up elsewhere. A screen shows the newest for a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from twin2multicloud.app.ui.failures import Failure
from twin2multicloud.app.ui.store import Store

Tone = Literal["done", "problem", "alert"]


@dataclass(frozen=True)
class Notice:
    """A message, and perhaps what can be done about it (`label` on a button that calls `act`)."""

    text: str
    tone: Tone = "done"
    label: str | None = None
    act: Callable[[], None] | None = None


class Notices(Store):
    """A session's messages."""

    def __init__(self) -> None:
        super().__init__()
        self.newest: Notice | None = None

    def tell(self, text: str, *, label: str | None = None, act: Callable[[], None] | None = None) -> None:
        """Say that something was done."""
        self._put(Notice(text, "done", label, act))

    def fail(self, failure: Failure) -> None:
        """Say that something was not."""
        fields = "; ".join(str(each) for each in failure.findings[:3])
        said = fields and any(str(each) in failure.message for each in failure.findings[:1])
        self._put(
            Notice(f"{failure.title}: {failure.message}" + (f" ({fields})" if fields and not said else ""), "problem")
        )

    def alert(self, text: str, *, label: str, act: Callable[[], None]) -> None:
        """Say that something came up."""
        self._put(Notice(text, "alert", label, act))

    def _put(self, notice: Notice) -> None:
        self.newest = notice
        self.changed()
