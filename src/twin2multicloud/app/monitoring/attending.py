"""What looks at running twins now and then, besides collecting their alerts."""

from __future__ import annotations

from typing import Protocol


class Attendant(Protocol):
    """Looks at twins, each when it is time to. It may take long: another twin, and alerts, do not wait for it."""

    def is_due(self, twin_id: str, target: str, /) -> bool:
        """Whether it is time. Whoever is told so attends."""
        ...

    def attend(self, twin_id: str, target: str, /) -> None:
        """Do it. Raises what the database raises; what cannot be reached is looked at another time."""
        ...
