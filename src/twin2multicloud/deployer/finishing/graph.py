"""The twin graph's content: models, entities, devices' twins and relationships, brought to what the definition says.

Values that a twin has got from telemetry stay, also when its model changes. What the definition had before and has
no more is removed; what other people put into the graph stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from twin2multicloud.deployer.finishing.ledger import Content, Ledger
from twin2multicloud.deployer.finishing.progress import GRAPH, Report, StepProgress, failing_as
from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.runtime.ports import EntityState, Relation, TwinGraph, Update
from twin2multicloud.runtime.times import to_time

T = TypeVar("T")

BATCH: Final = 200
"""Twins or relationships in one call of the port."""
_PAGE: Final = 10_000
"""Twins that are listed at once: some services look through all of them for each page."""


@dataclass(frozen=True)
class Changes:
    """What a load does, by ids. `remodelled` twins are made anew with their values, since a twin cannot change its
    model. `changed` are properties of entities for which the definition says something else than before.
    """

    added: tuple[str, ...]
    remodelled: tuple[str, ...]
    changed: tuple[Update, ...]
    removed: tuple[str, ...]
    related: int = 0
    unrelated: int = 0

    def __str__(self) -> str:
        counts = {
            "added": len(self.added),
            "made anew": len(self.remodelled),
            "changed": len(self.changed),
            "removed": len(self.removed),
            "related": self.related,
            "parted": self.unrelated,
        }
        return ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "nothing to change"


def load_graph(spec: TwinSpec, graph: TwinGraph, ledger: Ledger, report: Report, *, now: float) -> Changes:
    """Bring the graph to the definition; what changed. `now` (seconds since 1970) is the time of changed properties.

    A load that was interrupted is begun again and finds most of its work done. Telemetry may flow meanwhile, except
    to twins whose model changes: they are away for a moment, and whoever kills the load right then loses their
    values, until the next telemetry brings them.
    """
    content = Content.of(spec)
    former = ledger.former()
    ledger.begin(content)
    with failing_as(GRAPH):
        graph.define(list(spec.models))
        report(StepProgress(GRAPH, f"{len(spec.models)} models are defined"))
        wanted = _wanted(content)
        changes = compare(content, former, _models_there(graph), now)
        _remake(graph, changes.remodelled, wanted, report)
        _in_batches([wanted[id] for id in changes.added], graph.put_entities, "twins are there", len(wanted), report)
        graph.update(changes.changed)
        related, unrelated = _relate(graph, content, former, report)
        _in_batches(changes.removed, graph.delete_entities, "twins are removed", len(changes.removed), report)
    ledger.end(content)
    return Changes(changes.added, changes.remodelled, changes.changed, changes.removed, related, unrelated)


def compare(content: Content, former: Sequence[Content], there: dict[str, str], now: float) -> Changes:
    """The changes of twins from those there (id → model) to the content. `former` are contents loaded before."""
    wanted = {id: state.model for id, state in _wanted(content).items()}
    ours = {id for one in former for id in _ids(one)}
    return Changes(
        added=tuple(id for id in wanted if id not in there),
        remodelled=tuple(id for id, model in wanted.items() if id in there and there[id] != model),
        changed=tuple(_changed(content, former, there, to_time(now))),
        removed=tuple(sorted(id for id in ours if id in there and id not in wanted)),
    )


def _changed(content: Content, former: Sequence[Content], there: dict[str, str], time: str) -> Iterator[Update]:
    """Properties that any definition loaded before had otherwise. (Which of them came to its end is not known.)"""
    before: dict[str, list[dict[str, Any]]] = {}
    for past in former:
        for one in past.entities:
            before.setdefault(one.id, []).append(one.properties)
    for entity in content.entities:
        if entity.id not in there:
            continue
        values = {
            name: value
            for name, value in entity.properties.items()
            if any(name not in had or had[name] != value for had in before.get(entity.id, ()))
        }
        if values:
            yield Update(entity.id, values, time)


def _wanted(content: Content) -> dict[str, EntityState]:
    entities = {one.id: EntityState(one.id, one.model, dict(one.properties), {}) for one in content.entities}
    return entities | {name: EntityState(name, model, {}, {}) for name, model in content.device_models()}


def _ids(content: Content) -> Iterator[str]:
    yield from (one.id for one in content.entities)
    yield from (name for name, _ in content.device_models())


def _models_there(graph: TwinGraph) -> dict[str, str]:
    found: dict[str, str] = {}
    after = ""
    while page := graph.entities(after=after, limit=_PAGE):
        found.update((state.id, state.model) for state in page)
        after = page[-1].id
        if len(page) < _PAGE:
            break
    return found


def _remake(graph: TwinGraph, ids: Sequence[str], wanted: dict[str, EntityState], report: Report) -> None:
    for number, id in enumerate(ids, start=1):
        old = graph.get(id)
        relations = [] if old is None else graph.relations(id)
        state = wanted[id]
        if old is not None:
            state = EntityState(id, state.model, {**state.values, **old.values}, old.times)
        graph.delete_entities([id])
        graph.put_entities([state])
        graph.relate(relations)
        report(StepProgress(GRAPH, f"{id} has the model {state.model}", number, len(ids)))


def _relate(graph: TwinGraph, content: Content, former: Sequence[Content], report: Report) -> tuple[int, int]:
    """Make the relationships that are missing, part those that left the definition; how many of each."""
    wanted = _by_source(content)
    gone = {
        relation for past in former for relation in (Relation(r.source, r.name, r.target) for r in past.relationships)
    } - {relation for relations in wanted.values() for relation in relations}
    missing: list[Relation] = []
    for source, relations in wanted.items():
        # A read tells of all relationships of a twin; for a single one it would cost what making it costs.
        there = set(graph.relations(source)) if len(relations) > 1 else set()
        missing += (relation for relation in relations if relation not in there)
    _in_batches(missing, graph.relate, "relationships are there", len(content.relationships), report)
    parted = sorted(gone, key=lambda r: (r.source, r.name, r.target))
    _in_batches(parted, graph.unrelate, "relationships are parted", len(parted), report)
    return len(missing), len(parted)


def _by_source(content: Content) -> dict[str, list[Relation]]:
    found: dict[str, list[Relation]] = {}
    for r in content.relationships:
        found.setdefault(r.source, []).append(Relation(r.source, r.name, r.target))
    return found


def _in_batches(items: Sequence[T], act: Callable[[Sequence[T]], None], what: str, total: int, report: Report) -> None:
    """Act on the items, some at a time. The rest of `total` is done already."""
    done = total - len(items)
    for first in range(0, len(items), BATCH):
        batch = items[first : first + BATCH]
        act(batch)
        done += len(batch)
        report(StepProgress(GRAPH, what, done, total))
