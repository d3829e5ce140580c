"""Which runs are listed: of a twin or all, of which kinds and in which state. All of it is in the address."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, get_args

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.schemas.runs import ENDED, Kind, RunSummary, Status
from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.trail import BEGINNING, Trail

PAGE: Final = 30
STATES: Final[dict[str, tuple[Status, ...]]] = {
    "open": tuple(each for each in get_args(Status) if each not in ENDED),
    "waiting": ("awaiting-approval",),
    "succeeded": ("succeeded",),
    "failed": ("failed",),
    "called-off": ("cancelled", "declined"),
}
"""What can be filtered by, as statuses."""


@dataclass(frozen=True)
class RunsLook:
    """How somebody looks at runs. `base` is the address of the view that they are part of."""

    base: str
    twin: str = ""
    kind: str = ""
    state: str = ""
    trail: Trail = BEGINNING

    @classmethod
    def read(cls, base: str, twin: str, query: dict[str, str]) -> RunsLook:
        """From an address; what makes no sense is left out."""
        kind, state = query.get("kind", ""), query.get("state", "")
        return cls(
            base,
            twin,
            kind if kind in get_args(Kind) else "",
            state if state in STATES else "",
            Trail.read(query.get("at", "")),
        )

    @property
    def path(self) -> str:
        """Its address."""
        twin = self.twin if self.base == places.RUNS else ""
        return places.asked(self.base, twin=twin, kind=self.kind, state=self.state, at=str(self.trail))

    @property
    def filtered(self) -> bool:
        """Whether any are left out."""
        return bool(self.kind or self.state)

    def of_kind(self, kind: str) -> RunsLook:
        """Of a kind alone."""
        return replace(self, kind=kind, trail=BEGINNING)

    def in_state(self, state: str) -> RunsLook:
        """In a state alone."""
        return replace(self, state=state, trail=BEGINNING)

    def turned(self, trail: Trail) -> RunsLook:
        """Another part."""
        return replace(self, trail=trail)


def load(api: Client, look: RunsLook) -> Page[RunSummary]:
    """The part that is looked at."""
    kinds: list[Kind] = [each for each in get_args(Kind) if each == look.kind]
    statuses = STATES.get(look.state, ())
    return api.runs.list(twin=look.twin or None, status=statuses, kind=kinds, limit=PAGE).part(look.trail.cursor)
