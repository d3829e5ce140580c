"""Which part of the twin graph is in view. It is in the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.schemas.watching import GraphEntity, GraphPage
from twin2multicloud.app.ui.twin.state import Look

PAGE: Final = 60


@dataclass(frozen=True)
class Viewed:
    """A part of the graph: what has no parent, what a twin leads to (`of`), or what fits a search. `path` are the twins
    on the way to `of`.
    """

    search: str = ""
    path: tuple[str, ...] = ()
    cursor: str = ""

    @classmethod
    def of(cls, look: Look) -> Viewed:
        """From an address."""
        path = tuple(each for each in look.get("in").split("~") if each)
        return cls(look.get("search")[:100], path, look.get("at"))

    @property
    def inside(self) -> str:
        """The twin whose relationships are followed; "" for none."""
        return self.path[-1] if self.path else ""

    def load(self, api: Client, twin: str, target: Target) -> GraphPage:
        """That part."""
        return api.watching.graph(
            twin,
            target=target,
            search=self.search,
            of="" if self.search else self.inside,
            roots=not self.search and not self.inside,
            cursor=self.cursor or None,
            limit=PAGE,
        )

    def into(self, look: Look, entity: str) -> Look:
        """What a twin leads to."""
        return look.asking(**{"in": "~".join((*self.path, entity)), "at": None, "search": None})

    def up_to(self, look: Look, depth: int) -> Look:
        """Back on the way."""
        return look.asking(**{"in": "~".join(self.path[:depth]), "at": None, "search": None})


def leads_on(entity: GraphEntity) -> bool:
    """Whether there is anything inside it."""
    return entity.outgoing_count > 0
