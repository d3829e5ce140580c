"""What the list of twins shows: which part of it, searched, filtered and sorted how. All of it is in the address, so
that it can be kept, sent, and gone back to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, cast, get_args

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.schemas.twins import Health, Life, TwinHealth, TwinSummary
from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.components.tables import Sort
from twin2multicloud.app.ui.trail import BEGINNING, Trail

PAGE: Final = 20
"""About what a screen shows at once."""
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
    trail: Trail = BEGINNING

    @classmethod
    def read(cls, query: dict[str, str]) -> Look:
        """From an address; what makes no sense is left out."""
        life, health = query.get("life"), query.get("health")
        cloud = query.get("cloud", "")
        return cls(
            search=query.get("search", "")[:200],
            cloud=cloud if cloud in ("aws", "azure", "gcp") else "",
            life=cast(Life, life) if life in get_args(Life) else None,
            health=cast(Health, health) if health in get_args(Health) else None,
            attention=query.get("attention") == "yes",
            sort=Sort.read(query.get("sort", str(DEFAULT_SORT))),
            trail=Trail.read(query.get("at", "")),
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
            at=str(self.trail),
        )

    @property
    def filtered(self) -> bool:
        """Whether anything is left out."""
        return bool(self.search or self.cloud or self.life or self.health or self.attention)

    def changed(self, **fields: object) -> Look:
        """Otherwise looked at, from the start."""
        return replace(self, trail=BEGINNING, **fields)  # type: ignore[arg-type]  # fields of ours, by name

    def turned(self, trail: Trail) -> Look:
        """Another part."""
        return replace(self, trail=trail)


def load(api: Client, look: Look) -> Page[TwinSummary]:
    """The part of the list that is looked at."""
    return api.twins.list(
        search=look.search or None,
        cloud=look.cloud or None,
        life=look.life,
        health=look.health,
        attention=True if look.attention else None,
        sort=str(look.sort),
        limit=PAGE,
    ).part(look.trail.cursor)


def seen(twin: TwinSummary) -> TwinHealth | None:
    """How a twin did when it was looked at last, at the target where that was."""
    return max(twin.health.values(), key=lambda each: each.seen_at, default=None)
