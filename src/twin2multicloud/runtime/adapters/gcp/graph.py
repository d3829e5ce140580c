"""Our own twin graph on Firestore: a document per twin, per relationship and per model.

A twin's values and their times are JSON in its document, since Firestore's own types would change numbers. An update
writes each twin under the condition that nobody wrote it since it was read or written here; whoever loses reads again.
So whoever alone writes a twin reads it once every few minutes; a twin that others write too is read each time.

Queries need the composite index (model ↑, id ↑) on twins.
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
_REMEMBERED_S: Final = 300.0
_MOST_REMEMBERED: Final = 5000


class _Values(msgspec.Struct):
    values: dict[str, Any]
    times: dict[str, str]


_VALUES: Final = msgspec.json.Decoder(_Values)


class _Known(msgspec.Struct, frozen=True):
    """A twin as it was last read or written here: its state, the document's update time, and when that was."""

    state: EntityState
    written: Any
    seen_s: float


class FirestoreGraph:
    """`TwinGraph`. `pause` waits for the seconds it is given, `jitter` gives a number from 0 to 1, `monotonic` the
    seconds by which memory ages.
    """

    def __init__(
        self,
        client: firestore.Client,
        prefix: str,
        patience: Patience,
        pause: Callable[[float], None],
        jitter: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._twins = Collection(client, f"{prefix}twins", patience)
        self._relations = Collection(client, f"{prefix}relationships", patience)
        self._models = Collection(client, f"{prefix}models", patience)
        self._pause = pause
        self._jitter = jitter
        self._monotonic = monotonic
        self._known: dict[str, _Known] = {}
        self._shared: dict[str, float] = {}

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

    def unrelate(self, relations: Sequence[Relation]) -> None:
        """A delete per relationship."""
        names = dict.fromkeys(document_id(r.source, r.name, r.target) for r in relations)
        self._relations.write(Write(name, None) for name in names)

    def update(self, updates: Sequence[Update]) -> None:
        """A write per twin and call, whatever the number of its updates, and none if nothing is newer. A read for a
        twin that was not written here within five minutes, or that others wrote."""
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
        twins = [document_id(id) for id in dict.fromkeys(ids)]
        self._forget(twins)
        self._twins.write(Write(name, None) for name in twins)

    def _attempt(self, waiting: Mapping[str, list[Update]], missing: list[str]) -> dict[str, list[Update]]:
        """Set what can be set; returns what somebody else's write kept from being set."""
        names = {document_id(entity): entity for entity in waiting}
        known = self._current(list(names))
        changed: dict[str, EntityState] = {}
        writes = []
        for name, entity in names.items():
            if name not in known:
                missing.append(entity)
                continue
            before = known[name]
            state = EntityState(entity, before.state.model, dict(before.state.values), dict(before.state.times))
            if merge(state, waiting[entity]):
                changed[name] = state
                writes.append(_twin(state, version=before.written))
        # What fails half way is read again.
        self._forget(changed)
        written_at: dict[str, Any] = {}
        lost = self._twins.write(writes, FAILED_PRECONDITION, _NOT_FOUND, written_at=written_at)
        for name, moment in written_at.items():
            self._remember(name, changed[name], moment)
        if len(self._shared) >= _MOST_REMEMBERED:
            self._shared.clear()
        self._shared.update((name, self._monotonic()) for name, _ in lost)
        return {names[name]: waiting[names[name]] for name, _ in lost}

    def _current(self, names: Sequence[str]) -> dict[str, _Known]:
        """Those of the twins that exist, from memory where it is fresh."""
        oldest = self._monotonic() - _REMEMBERED_S
        found = {
            name: kept
            for name in names
            if (kept := self._known.get(name)) is not None
            and kept.seen_s > oldest >= self._shared.get(name, float("-inf"))
        }
        for name, document in self._twins.read_all([name for name in names if name not in found]).items():
            found[name] = self._remember(name, _entity(document), document.update_time)
        return found

    def _remember(self, name: str, state: EntityState, written: Any) -> _Known:
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        kept = self._known[name] = _Known(state, written, self._monotonic())
        return kept

    def _forget(self, names: Iterable[str]) -> None:
        for name in names:
            self._known.pop(name, None)


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
