"""What the list of twins shows: which part of it, searched, filtered and sorted how. All of it is in the address, so
that it can be kept, sent, and gone back to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, cast, get_args

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.twins import Health, Life, TwinHealth, TwinSummary
from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.components.tables import Sort

PAGE: Final = 30
DEFAULT_SORT: Final = Sort("name")


@dataclass(frozen=True)
class Look:
    """How somebody looks at the list."""

    search: str = ""
    cloud: str = ""
    life: Life | None = None
    health: Health | None = None
    attention: bool = False
    sort: Sort = DEFAULT_SORT
    start: int = 0

    @classmethod
    def read(cls, query: dict[str, str]) -> Look:
        """From an address; what makes no sense is left out."""
        life, health, start = query.get("life"), query.get("health"), query.get("from", "0")
        cloud = query.get("cloud", "")
        return cls(
            search=query.get("search", "")[:200],
            cloud=cloud if cloud in ("aws", "azure", "gcp") else "",
            life=cast(Life, life) if life in get_args(Life) else None,
            health=cast(Health, health) if health in get_args(Health) else None,
            attention=query.get("attention") == "yes",
            sort=Sort.read(query.get("sort", str(DEFAULT_SORT))),
            start=int(start) if start.isascii() and start.isdigit() and len(start) < 7 else 0,
        )

    @property
    def path(self) -> str:
        """Its address."""
        return places.asked(
            places.TWINS,
            search=self.search,
            cloud=self.cloud,
            life=self.life,
            health=self.health,
            attention="yes" if self.attention else "",
            sort="" if self.sort == DEFAULT_SORT else str(self.sort),
            **{"from": str(self.start) if self.start else ""},
        )

    @property
    def filtered(self) -> bool:
        """Whether anything is left out."""
        return bool(self.search or self.cloud or self.life or self.health or self.attention)

    def changed(self, **fields: object) -> Look:
        """Otherwise looked at, from the start."""
        return replace(self, start=0, **fields)  # type: ignore[arg-type]  # fields of ours, by name

    def turned(self, by: int) -> Look:
        """The part before or after."""
        return replace(self, start=max(0, self.start + by * PAGE))


@dataclass(frozen=True)
class Part:
    """The part of the list in view, how it was looked at, and whether there is more."""

    look: Look
    twins: list[TwinSummary]
    more: bool
    any: bool


def load(api: Client, look: Look) -> Part:
    """The part of the list that is looked at."""
    wanted = look.start + PAGE + 1
    asked = api.twins.list(
        search=look.search or None,
        cloud=look.cloud or None,
        life=look.life,
        health=look.health,
        attention=True if look.attention else None,
        sort=str(look.sort),
        limit=wanted,
    )
    found = list(asked)
    part = found[look.start : look.start + PAGE]
    return Part(look, part, len(found) > look.start + PAGE, bool(found) or look.filtered)


def seen(twin: TwinSummary) -> TwinHealth | None:
    """How a twin did when it was looked at last, at the target where that was."""
    return max(twin.health.values(), key=lambda each: each.seen_at, default=None)
