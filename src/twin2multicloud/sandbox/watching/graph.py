"""The twin graph a part at a time: twins with their last values, and what they are related to."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from twin2multicloud.runtime.adapters.local.graph import LocalTwinGraph

MOST: Final = 500
MOST_RELATIONS: Final = 50
"""Relationships that are told of one twin, each way; how many there are is told, too."""


class GraphRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Twins by id, beginning after `after`: `search` is part of an id, `model` a DTMI, `of` a twin whose relationships
    lead to them; `roots`: those that none leads to.
    """

    search: str = ""
    model: str = ""
    of: str = ""
    roots: bool = False
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST)] = 50
    after: str = ""


def graph_part(graph: LocalTwinGraph, asked: GraphRequest) -> dict[str, Any]:
    """`{"entities": [{"id", "model", "values", "times", "out", "outgoing", "into", "incoming"}], "more", "total"}`."""
    found = graph.find(
        asked.limit + 1,
        after=asked.after,
        search=asked.search,
        model=asked.model,
        of=asked.of,
        roots=asked.roots,
    )
    counts = graph.count_by_model()
    entities = []
    for state in found[: asked.limit]:
        out, outgoing = graph.some_relations(state.id, MOST_RELATIONS)
        into, incoming = graph.some_relations(state.id, MOST_RELATIONS, incoming=True)
        entities.append(
            {
                "id": state.id,
                "model": state.model,
                "values": state.values,
                "times": state.times,
                "out": [(each.name, each.target) for each in out],
                "outgoing": outgoing,
                "into": [(each.name, each.source) for each in into],
                "incoming": incoming,
            }
        )
    return {
        "entities": entities,
        "more": len(found) > asked.limit,
        "total": counts.get(asked.model, 0) if asked.model else sum(counts.values()),
    }
