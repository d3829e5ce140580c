"""Which part of the twin graph is in view. It is in the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.schemas.watching import GraphEntity, GraphPage
from twin2multicloud.app.ui.trail import BEGINNING, Trail
from twin2multicloud.app.ui.twin.state import Look

PAGE: Final = 60


@dataclass(frozen=True)
class Level:
    """A part of the graph: the twin that one is in (None: in none), and twins that it leads to."""

    focus: GraphEntity | None
    page: GraphPage


@dataclass(frozen=True)
class Viewed:
    """A part of the graph: what has no parent, what a twin leads to (`of`), or what fits a search. `path` are the twins
    on the way to `of`.
    """

    search: str = ""
    path: tuple[str, ...] = ()
    trail: Trail = BEGINNING

    @classmethod
    def of(cls, look: Look) -> Viewed:
        """From an address."""
        path = tuple(each for each in look.get("in").split("~") if each)
        return cls(look.get("search")[:100], path, Trail.read(look.get("at")))

    @property
    def inside(self) -> str:
        """The twin whose relationships are followed; "" for none."""
        return self.path[-1] if self.path else ""

    def load(self, api: Client, twin: str, target: Target) -> Level:
        """That part. What alone has no parent is gone into at once."""
        if self.search:
            return Level(None, self._page(api, twin, target, search=self.search))
        if self.inside:
            named = api.watching.graph(twin, target=target, search=self.inside, limit=PAGE).items
            focus = next((each for each in named if each.id == self.inside), None)
            return Level(focus, self._page(api, twin, target, of=self.inside))
        roots = self._page(api, twin, target, roots=True)
        if len(roots.items) == 1 and not self.trail and leads_on(roots.items[0]):
            [only] = roots.items
            return Level(only, api.watching.graph(twin, target=target, of=only.id, limit=PAGE))
        return Level(None, roots)

    def _page(
        self, api: Client, twin: str, target: Target, *, search: str = "", of: str = "", roots: bool = False
    ) -> GraphPage:
        return api.watching.graph(
            twin, target=target, search=search, of=of, roots=roots, cursor=self.trail.cursor, limit=PAGE
        )

    def into(self, look: Look, entity: str, through: str = "") -> Look:
        """What a twin leads to; `through` is the one that it is looked at in, if the address does not say that."""
        way = self.path if self.path or not through else (through,)
        return look.asking(**{"in": "~".join((*way, entity)), "at": None, "search": None})

    def turned(self, look: Look, trail: Trail, through: str = "") -> Look:
        """Another part of the same level; `through` as in `into`."""
        way = self.path or ((through,) if through else ())
        return look.asking(**{"in": "~".join(way), "at": str(trail)})

    def to(self, look: Look, entity: str) -> Look:
        """A twin, from wherever: one on the way, if it is there."""
        if entity in self.path:
            return self.up_to(look, self.path.index(entity) + 1)
        return look.asking(**{"in": entity, "at": None, "search": None})

    def up_to(self, look: Look, depth: int) -> Look:
        """Back on the way."""
        return look.asking(**{"in": "~".join(self.path[:depth]), "at": None, "search": None})


def leads_on(entity: GraphEntity) -> bool:
    """Whether there is anything inside it."""
    return entity.outgoing_count > 0
