"""Our own twin graph on Firestore: a document per twin, per relationship and per model.

A twin's values and their times are JSON in its document, since Firestore's own types would change numbers. An update
reads the twins it changes and writes each under the condition that nobody wrote it meanwhile; whoever loses reads
again. Queries need the composite index (model ↑, id ↑) on twins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from twin2multicloud.runtime.adapters.gcp.calls import ALREADY_EXISTS, FAILED_PRECONDITION
from twin2multicloud.runtime.adapters.gcp.firestore import (
    DISJUNCTIONS,
    DOCUMENT_BYTES,
    Collection,
    Write,
    document_id,
    portions,
)
from twin2multicloud.runtime.adapters.gcp.patience import Patience
from twin2multicloud.runtime.failures import RejectedError, StoreError
from twin2multicloud.runtime.ports import EntityState, Relation, Update

_ROUNDS: Final = 12
_PAUSE_S: Final = 0.02
_LONGEST_PAUSE_S: Final = 1.0
_NOT_FOUND: Final = 5


class _Values(msgspec.Struct):
    values: dict[str, Any]
    times: dict[str, str]


_VALUES: Final = msgspec.json.Decoder(_Values)


class FirestoreGraph:
    """`TwinGraph`. `pause` waits for the seconds it is given, `jitter` gives a number from 0 to 1."""

    def __init__(
        self,
        client: firestore.Client,
        prefix: str,
        patience: Patience,
        pause: Callable[[float], None],
        jitter: Callable[[], float],
    ) -> None:
        self._twins = Collection(client, f"{prefix}twins", patience)
        self._relations = Collection(client, f"{prefix}relationships", patience)
        self._models = Collection(client, f"{prefix}models", patience)
        self._pause = pause
        self._jitter = jitter

    def define(self, models: Sequence[Mapping[str, Any]]) -> None:
        """A write per model."""
        bodies = {str(model["@id"]): msgspec.json.encode(model).decode() for model in models}
        writes = [
            Write(document_id(id), {"id": id, "body": body}, size=len(body.encode()) + 300, create=True)
            for id, body in bodies.items()
        ]
        self._models.write(writes, ALREADY_EXISTS)

    def put_entities(self, entities: Sequence[EntityState]) -> None:
        """A write per twin."""
        writes: dict[str, Write] = {}
        for entity in entities:
            name = document_id(entity.id)
            writes.setdefault(name, _twin(entity, create=True))
        self._twins.write(writes.values(), ALREADY_EXISTS)

    def relate(self, relations: Sequence[Relation]) -> None:
        """A write per relationship, after a read per twin at their ends."""
        unique = {document_id(r.source, r.name, r.target): r for r in relations}
        ends = dict.fromkeys(end for r in unique.values() for end in (r.source, r.target))
        there = self._twins.read_all([document_id(end) for end in ends])
        missing = [end for end in ends if document_id(end) not in there]
        writes = [
            Write(name, {"source": r.source, "name": r.name, "target": r.target}, create=True)
            for name, r in unique.items()
            if r.source not in missing and r.target not in missing
        ]
        self._relations.write(writes, ALREADY_EXISTS)
        _named(missing, "relationships")

    def update(self, updates: Sequence[Update]) -> None:
        """A read and a write per twin and call, whatever the number of its updates; no write if nothing is newer."""
        waiting: dict[str, list[Update]] = {}
        for update in updates:
            waiting.setdefault(update.entity, []).append(update)
        missing: list[str] = []
        for round_number in range(_ROUNDS):
            waiting = self._attempt(waiting, missing)
            if not waiting:
                _named(missing, "updates")
                return
            longest = min(_PAUSE_S * 2**round_number, _LONGEST_PAUSE_S)
            self._pause(longest * (0.5 + self._jitter() / 2))
        raise StoreError(f"twins {', '.join(sorted(waiting)[:5])} were written by others {_ROUNDS} times meanwhile")

    def get(self, entity: str) -> EntityState | None:
        """One read."""
        found = self._twins.read(document_id(entity))
        return _entity(found) if found.exists else None

    def entities(self, model: str = "", after: str = "", limit: int = 1000) -> list[EntityState]:
        """A read per twin."""
        if limit <= 0:
            return []
        query = self._twins.reference.order_by("id").limit(limit)
        if model:
            query = query.where(filter=FieldFilter("model", "==", model))
        if after:
            query = query.where(filter=FieldFilter("id", ">", after))
        return [_entity(found) for found in self._twins.query(query)]

    def relations(self, source: str, name: str = "") -> list[Relation]:
        """A read per relationship."""
        query = self._relations.reference.where(filter=FieldFilter("source", "==", source))
        if name:
            query = query.where(filter=FieldFilter("name", "==", name))
        return sorted(map(_relation, self._relations.query(query)), key=lambda r: (r.name, r.target))

    def delete_entities(self, ids: Sequence[str]) -> None:
        """A delete per twin and relationship, after a read per relationship."""
        names: dict[str, None] = {}
        for some in portions(dict.fromkeys(ids), DISJUNCTIONS):
            for end in ("source", "target"):
                query = self._relations.reference.where(filter=FieldFilter(end, "in", some))
                names.update((found.id, None) for found in self._relations.query(query))
        # Relationships first, so that none is left without its twin if this breaks off.
        self._relations.write(Write(name, None) for name in names)
        self._twins.write(Write(document_id(id), None) for id in dict.fromkeys(ids))

    def _attempt(self, waiting: Mapping[str, list[Update]], missing: list[str]) -> dict[str, list[Update]]:
        """Set what can be set; returns what somebody else's write kept from being set."""
        stored = self._twins.read_all([document_id(entity) for entity in waiting])
        writes, owners = [], {}
        for entity, updates in waiting.items():
            name = document_id(entity)
            before = stored.get(name)
            if before is None:
                missing.append(entity)
                continue
            state = _entity(before)
            if merge(state, updates):
                writes.append(_twin(state, version=before.update_time))
                owners[name] = entity
        lost = self._twins.write(writes, FAILED_PRECONDITION, _NOT_FOUND)
        return {owners[name]: waiting[owners[name]] for name, _ in lost}


def merge(state: EntityState, updates: Iterable[Update]) -> bool:
    """Set values that are newer than the ones there; whether any was."""
    changed = False
    for update in updates:
        for name, value in update.values.items():
            if update.time > state.times.get(name, ""):
                state.values[name] = value
                state.times[name] = update.time
                changed = True
    return changed


def _named(missing: Sequence[str], what: str) -> None:
    if missing:
        names = ", ".join(sorted(missing)[:20])
        raise RejectedError(f"{what} for twins that do not exist: {names}")


def _twin(entity: EntityState, *, create: bool = False, version: Any = None) -> Write:
    body = msgspec.json.encode(_Values(entity.values, entity.times)).decode()
    size = len(body.encode())
    if size > DOCUMENT_BYTES:
        raise RejectedError(f"twin {entity.id} has {size} bytes; a Firestore document takes {DOCUMENT_BYTES}")
    content = {"id": entity.id, "model": entity.model, "body": body}
    return Write(document_id(entity.id), content, size=size + 300, create=create, version=version)


def _entity(document: Any) -> EntityState:
    body = _VALUES.decode(document.get("body"))
    return EntityState(document.get("id"), document.get("model"), body.values, body.times)


def _relation(document: Any) -> Relation:
    return Relation(document.get("source"), document.get("name"), document.get("target"))
