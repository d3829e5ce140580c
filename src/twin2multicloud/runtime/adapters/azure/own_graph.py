"""Our own twin graph on Cosmos DB: one container with partition key /key, all about a twin in the twin's partition.

Items of the partition "twin:ID": the twin itself (id "twin"), its outgoing relationships (id "out:…") and a mirror of
each incoming one (id "in:…"), so that both directions are found without a search. Values and their event times are
kept as JSON text, since the service's own numbers are doubles. Changes are conditional on the item's etag; what was
read or written last is remembered, so that the usual update is one request, the write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Final

import msgspec

from twin2multicloud.runtime.adapters.azure.calls import Pool
from twin2multicloud.runtime.adapters.azure.cosmos import Container, Item
from twin2multicloud.runtime.adapters.azure.names import cosmos_id, digest
from twin2multicloud.runtime.adapters.azure.newer import Changes, by_entity, newer
from twin2multicloud.runtime.adapters.azure.remembered import Remembered
from twin2multicloud.runtime.failures import RejectedError, StoreError
from twin2multicloud.runtime.ports import EntityState, Relation, Update

PARTITION: Final = "key"

_TWIN: Final = "twin"
_MODELS: Final = "models"
_ATTEMPTS: Final = 20
_STATE: Final = msgspec.json.Decoder(EntityState)


def _key(entity: str) -> str:
    return f"twin:{entity}"


class CosmosTwinGraph:
    """`TwinGraph` on one container."""

    def __init__(self, container: Container, pool: Pool) -> None:
        self._container = container
        self._pool = pool
        self._known: Remembered[tuple[EntityState, str]] = Remembered()

    def define(self, models: Sequence[Mapping[str, Any]]) -> None:
        """See `TwinGraph.define`."""

        def write(model: Mapping[str, Any]) -> None:
            dtmi = str(model["@id"])
            body = msgspec.json.encode(model).decode()
            self._container.create({"id": cosmos_id(dtmi), PARTITION: _MODELS, "model": dtmi, "body": body})

        self._pool.each(write, list(models))

    def put_entities(self, entities: Sequence[EntityState]) -> None:
        """See `TwinGraph.put_entities`."""
        self._pool.each(lambda entity: self._container.create(_item(entity)), list(entities))

    def relate(self, relations: Sequence[Relation]) -> None:
        """See `TwinGraph.relate`. A missing end is a `RejectedError` naming it, before anything is written.

        The mirror is written first, so that a relationship which is found from its source is found from its target.
        """
        ends = list(dict.fromkeys(end for relation in relations for end in (relation.source, relation.target)))
        missing = [end for end, item in zip(ends, self._pool.each(self._twin, ends), strict=True) if item is None]
        if missing:
            raise RejectedError(f"no such twin: {', '.join(missing)}")

        def write(relation: Relation) -> None:
            for item in reversed(_sides(relation)):
                self._container.create(item)

        self._pool.each(write, list(dict.fromkeys(relations)))

    def unrelate(self, relations: Sequence[Relation]) -> None:
        """See `TwinGraph.unrelate`. The source's side first: what is found from its source is found from its target."""

        def drop(relation: Relation) -> None:
            for side in _sides(relation):
                self._container.delete(side[PARTITION], side["id"])

        self._pool.each(drop, list(dict.fromkeys(relations)))

    def update(self, updates: Sequence[Update]) -> None:
        """See `TwinGraph.update`: merge, replace if unchanged, a few twins at a time."""
        changes = by_entity(updates)
        found = self._pool.each(lambda entity: self._merge(entity, changes[entity]), list(changes))
        missing = [entity for entity, exists in zip(changes, found, strict=True) if not exists]
        if missing:
            raise RejectedError(f"no such twin: {', '.join(missing)}")

    def get(self, entity: str) -> EntityState | None:
        """See `TwinGraph.get`."""
        item = self._twin(entity)
        return None if item is None else _STATE.decode(item["body"])

    def entities(self, model: str = "", after: str = "", limit: int = 1000) -> list[EntityState]:
        """See `TwinGraph.entities`."""
        if limit < 1:
            return []
        values = {"twin": _TWIN, "after": _key(after), **({"model": model} if model else {})}
        sql = (
            f"SELECT TOP {int(limit)} * FROM c WHERE c.id = @twin AND c.key > @after"  # noqa: S608 (a number)
            f"{' AND c.model = @model' if model else ''} ORDER BY c.key"
        )
        found = self._container.query(sql, values)
        return [_STATE.decode(item["body"]) for item in islice(found, limit)]

    def relations(self, source: str, name: str = "") -> list[Relation]:
        """See `TwinGraph.relations`."""
        sql = "SELECT * FROM c WHERE c.key = @key AND STARTSWITH(c.id, 'out:')"
        found = self._container.query(sql, {"key": _key(source)}, _key(source))
        relations = [Relation(source, item["name"], item["other"]) for item in found]
        return sorted((r for r in relations if not name or r.name == name), key=lambda r: (r.name, r.target))

    def delete_entities(self, ids: Sequence[str]) -> None:
        """See `TwinGraph.delete_entities`. The twin goes last: whoever repeats the call finds what is left."""

        def drop(entity: str) -> None:
            self._known.set(entity, None)
            found = self._container.query("SELECT * FROM c WHERE c.key = @key", {"key": _key(entity)}, _key(entity))
            edges = [item for item in found if item["id"] != _TWIN]
            for item in edges:
                other = item["other"]
                outgoing = item["id"].startswith("out:")
                relation = Relation(entity, item["name"], other) if outgoing else Relation(other, item["name"], entity)
                for side in _sides(relation):
                    self._container.delete(side[PARTITION], side["id"])
            self._container.delete(_key(entity), _TWIN)

        self._pool.each(drop, list(dict.fromkeys(ids)))

    def _twin(self, entity: str) -> Item | None:
        return self._container.read(_key(entity), _TWIN)

    def _merge(self, entity: str, changes: Changes) -> bool:
        """Whether the twin exists; its newer values are set then."""
        known = self._known.get(entity)
        fresh = False
        for _ in range(_ATTEMPTS):
            if known is None:
                fresh = True
                item = self._twin(entity)
                if item is None:
                    return False
                known = (_STATE.decode(item["body"]), str(item["_etag"]))
            state, etag = known
            wanted = newer(changes, state.times)
            if not wanted:
                if fresh:
                    self._known.set(entity, known)
                    return True
                known = None  # a twin made anew would take what its forerunner does not
                continue
            merged = EntityState(
                state.id,
                state.model,
                state.values | {name: value for name, (value, _) in wanted.items()},
                state.times | {name: time for name, (_, time) in wanted.items()},
            )
            written = self._container.replace(_item(merged), etag)
            if written is not None:
                self._known.set(entity, (merged, written) if written else None)
                return True
            known = None
        raise StoreError(f"twin {entity} is being changed by others all the time")


def _item(state: EntityState) -> Item:
    return {
        "id": _TWIN,
        PARTITION: _key(state.id),
        "model": state.model,
        "body": msgspec.json.encode(state).decode(),
    }


def _sides(relation: Relation) -> tuple[Item, Item]:
    """A relationship's item at its source, and the mirror at its target."""
    source = {
        "id": f"out:{digest(relation.name, relation.target)}",
        PARTITION: _key(relation.source),
        "name": relation.name,
        "other": relation.target,
    }
    target = {
        "id": f"in:{digest(relation.name, relation.source)}",
        PARTITION: _key(relation.target),
        "name": relation.name,
        "other": relation.source,
    }
    return source, target
