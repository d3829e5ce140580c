"""A twin's graph: what it consists of, with last values where it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.schemas import watching as shapes
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.services import cursors
from twin2multicloud.app.services.definitions import defined
from twin2multicloud.app.services.watching import ask, text_moment
from twin2multicloud.app.specs import Defined
from twin2multicloud.model.graph_index import GraphIndex, ModelWords
from twin2multicloud.sandbox.watching.graph import MOST_RELATIONS, GraphRequest

_NO_WORDS: Final = ModelWords("", {})


@dataclass(frozen=True)
class Asked:
    """Which twins: `type` is a device type or model by its name or DTMI, `of` a twin whose relationships lead to them;
    `roots`: those that none leads to.
    """

    search: str
    type: str
    of: str
    roots: bool
    cursor: str | None
    limit: int


def page(backend: Backend, twin_id: str, target: Target, asked: Asked) -> shapes.GraphPage:
    """Some twins of the graph."""
    known = defined(backend, twin_id)
    after = "" if asked.cursor is None else cursors.decoded(asked.cursor, str)
    model = _model(known.graph, asked.type)
    request = GraphRequest(asked.search, model, asked.of, asked.roots, asked.limit, after)
    told = ask(backend, twin_id, target, lambda client: client.graph(request))
    if told.answer is None:
        return _defined(known, request, told.problem)
    entities = [_entity(each, known) for each in told.answer["entities"]]
    return shapes.GraphPage(
        live=True,
        twin_time=told.twin_time,
        items=entities,
        next=cursors.encoded(entities[-1].id) if told.answer["more"] else None,
        total=told.answer["total"],
    )


def _model(graph: GraphIndex, type_: str) -> str:
    """The DTMI of a model that is called so; what is called nothing known is what it is."""
    return next((model for model, words in graph.words.items() if type_ and words.name == type_), type_)


def _entity(each: Mapping[str, Any], known: Defined) -> shapes.GraphEntity:
    words = known.graph.words.get(each["model"], _NO_WORDS)
    return shapes.GraphEntity(
        id=each["id"],
        type=words.name,
        model=each["model"],
        device=known.spec.type_of(each["id"]) is not None,
        properties={
            name: shapes.GraphProperty(
                value=value, unit=words.units.get(name, ""), at=text_moment(each["times"].get(name))
            )
            for name, value in each["values"].items()
        },
        outgoing=[shapes.GraphEdge(name=name, twin=twin) for name, twin in each["out"]],
        outgoing_count=each["outgoing"],
        incoming=[shapes.GraphEdge(name=name, twin=twin) for name, twin in each["into"]],
        incoming_count=each["incoming"],
    )


def _defined(known: Defined, asked: GraphRequest, problem: str) -> shapes.GraphPage:
    graph = known.graph
    found = graph.find(
        asked.limit + 1,
        after=asked.after,
        search=asked.search,
        model=asked.model,
        of=asked.of,
        roots=asked.roots,
    )
    items = []
    for twin in found[: asked.limit]:
        out, into, entity = graph.outgoing(twin), graph.incoming(twin), graph.entities.get(twin)
        told = {
            "id": twin,
            "model": graph.model(twin),
            "values": {} if entity is None else entity.properties,
            "times": {},
            "out": [(each.name, each.target) for each in out[:MOST_RELATIONS]],
            "outgoing": len(out),
            "into": [(each.name, each.source) for each in into[:MOST_RELATIONS]],
            "incoming": len(into),
        }
        items.append(_entity(told, known))
    following = cursors.encoded(items[-1].id) if len(found) > asked.limit else None
    return shapes.GraphPage(live=False, problem=problem, items=items, next=following, total=graph.total(asked.model))
