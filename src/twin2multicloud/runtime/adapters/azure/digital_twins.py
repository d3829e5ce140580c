"""The twin graph on Azure Digital Twins.

A value's event time is the `sourceTime` that the service keeps in a property's metadata for this purpose, so no model
needs properties of ours. A patch sets value and time together and is conditional on the twin's etag: of two writers
the later one reads again, and newer wins. Etags and times are remembered per twin (a bounded number of twins), so the
usual update is one request, the patch; a read comes before it only the first time and after somebody else's write.

What the service does not know is refused (`RejectedError`): properties that the model lacks, values of another type.
It knows no null either; a null removes the property, and with it the time.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError

from twin2multicloud.runtime.adapters.azure.calls import Pool, calling
from twin2multicloud.runtime.adapters.azure.names import digest
from twin2multicloud.runtime.adapters.azure.newer import Changes, by_entity, newer
from twin2multicloud.runtime.adapters.azure.remembered import Remembered
from twin2multicloud.runtime.failures import RejectedError, StoreError
from twin2multicloud.runtime.ports import EntityState, Relation, Update
from twin2multicloud.runtime.times import normal_time

if TYPE_CHECKING:
    from azure.digitaltwins.core import DigitalTwinsClient

_ATTEMPTS: Final = 20
_MODELS_PER_REQUEST: Final = 250
_ID_CHARACTERS: Final = "-._+#*?!(),=@$'"
"""What the service allows in a twin's id besides letters and digits; "%" escapes the rest."""

_Known = tuple[str, dict[str, str]]
"""A twin's etag and the event times of its properties."""


class DigitalTwinsGraph:
    """`TwinGraph` on an Azure Digital Twins instance. Queries (only `entities`) may lag behind writes by seconds."""

    def __init__(self, client: DigitalTwinsClient, pool: Pool) -> None:
        self._client = client
        self._pool = pool
        self._known: Remembered[_Known] = Remembered()

    def define(self, models: Sequence[Mapping[str, Any]]) -> None:
        """See `TwinGraph.define`. The service checks the DTDL; what it refuses is a `RejectedError`."""
        if not models:
            return
        for attempt in (1, 2):
            with calling("define models"):
                there = {model.id for model in self._client.list_models()}
                # A model's parents must be in the same request or there before it.
                new: list[MutableMapping[str, Any]] = [dict(m) for m in models if m["@id"] not in there]
                new.sort(key=lambda m: "extends" in m)
                try:
                    for first in range(0, len(new), _MODELS_PER_REQUEST):
                        self._client.create_models(new[first : first + _MODELS_PER_REQUEST])
                except ResourceExistsError:
                    if attempt == 2:
                        raise
                    continue  # somebody else is defining them: look again
                return

    def put_entities(self, entities: Sequence[EntityState]) -> None:
        """See `TwinGraph.put_entities`."""

        def write(entity: EntityState) -> None:
            metadata: dict[str, Any] = {"$model": entity.model}
            values = {name: value for name, value in entity.values.items() if value is not None}
            metadata.update({name: {"sourceTime": time} for name, time in entity.times.items() if name in values})
            twin = {"$metadata": metadata, **values}
            with calling(f"create twin {entity.id}"):
                try:
                    self._client.upsert_digital_twin(
                        _twin_id(entity.id), twin, match_condition=MatchConditions.IfMissing
                    )
                except (ResourceExistsError, ResourceModifiedError):
                    return  # it keeps the values it has

        self._pool.each(write, list(entities))

    def relate(self, relations: Sequence[Relation]) -> None:
        """See `TwinGraph.relate`. A missing end is a `RejectedError`."""

        def write(relation: Relation) -> None:
            source, relation_id = _twin_id(relation.source), digest(relation.name, relation.target)
            body: dict[str, object] = {
                "$relationshipId": relation_id,
                "$sourceId": source,
                "$relationshipName": relation.name,
                "$targetId": _twin_id(relation.target),
            }
            with calling(f"relate {relation.source} to {relation.target}"):
                try:
                    self._client.upsert_relationship(
                        source, relation_id, body, match_condition=MatchConditions.IfMissing
                    )
                except (ResourceExistsError, ResourceModifiedError):
                    return
                except ResourceNotFoundError as error:
                    raise RejectedError(f"no such twin: {relation.source} or {relation.target}") from error

        self._pool.each(write, list(dict.fromkeys(relations)))

    def unrelate(self, relations: Sequence[Relation]) -> None:
        """See `TwinGraph.unrelate`."""

        def drop(relation: Relation) -> None:
            with calling(f"part {relation.source} from {relation.target}"):
                try:
                    self._client.delete_relationship(_twin_id(relation.source), digest(relation.name, relation.target))
                except ResourceNotFoundError:
                    return

        self._pool.each(drop, list(dict.fromkeys(relations)))

    def update(self, updates: Sequence[Update]) -> None:
        """See `TwinGraph.update`: a patch per twin, a few twins at a time."""
        changes = by_entity(updates)
        refused = self._pool.each(lambda entity: self._merge(entity, changes[entity]), list(changes))
        reasons = [reason for reason in refused if reason]
        if reasons:
            raise RejectedError("; ".join(reasons))

    def get(self, entity: str) -> EntityState | None:
        """See `TwinGraph.get`."""
        twin = self._read(entity)
        return None if twin is None else _state(twin)

    def entities(self, model: str = "", after: str = "", limit: int = 1000) -> list[EntityState]:
        """See `TwinGraph.entities`. The query language has no order, so all twins (of the model) are looked through."""
        if limit < 1:
            return []
        query = "SELECT * FROM DIGITALTWINS"
        if model:
            quoted = model.replace("\\", "\\\\").replace("'", "\\'")
            query += f" T WHERE IS_OF_MODEL(T, '{quoted}', exact)"
        with calling("query twins"):
            found = ((unquote(str(twin["$dtId"])), twin) for twin in self._client.query_twins(query))
            first = heapq.nsmallest(limit, (pair for pair in found if pair[0] > after), key=lambda pair: pair[0])
        return [_state(twin) for _, twin in first]

    def relations(self, source: str, name: str = "") -> list[Relation]:
        """See `TwinGraph.relations`."""
        with calling(f"list relationships of {source}"):
            try:
                found = [
                    Relation(source, str(r["$relationshipName"]), unquote(str(r["$targetId"])))
                    for r in self._client.list_relationships(_twin_id(source))
                ]
            except ResourceNotFoundError:
                return []
        return sorted((r for r in found if not name or r.name == name), key=lambda r: (r.name, r.target))

    def delete_entities(self, ids: Sequence[str]) -> None:
        """See `TwinGraph.delete_entities`. The service wants a twin's relationships gone before the twin."""
        self._pool.each(self._drop, list(dict.fromkeys(ids)))

    def _drop(self, entity: str) -> None:
        twin_id = _twin_id(entity)
        self._known.set(entity, None)
        with calling(f"delete twin {entity}"):
            try:
                edges = [(twin_id, str(r["$relationshipId"])) for r in self._client.list_relationships(twin_id)]
                for incoming in self._client.list_incoming_relationships(twin_id):
                    edges.append((str(incoming.source_id), str(incoming.relationship_id)))
            except ResourceNotFoundError:
                return
            for source, relation_id in dict.fromkeys(edges):
                try:
                    self._client.delete_relationship(source, relation_id)
                except ResourceNotFoundError:
                    continue
            try:
                self._client.delete_digital_twin(twin_id)
            except ResourceNotFoundError:
                return

    def _merge(self, entity: str, changes: Changes) -> str:
        """Set a twin's newer values; why that is refused, or "" if it is done."""
        known = self._known.get(entity)
        fresh = False
        for _ in range(_ATTEMPTS):
            if known is None:
                fresh = True
                twin = self._read(entity)
                if twin is None:
                    return f"no such twin: {entity}"
                known = (str(twin["$etag"]), _times(twin))
            etag, times = known
            wanted = newer(changes, times)
            if not wanted:
                if fresh:
                    self._known.set(entity, known)
                    return ""
                known = None  # a twin made anew would take what its forerunner does not
                continue
            try:
                new_etag = self._patch(entity, wanted, times, etag)
            except RejectedError as error:
                return str(error)
            if new_etag is not None:
                kept = {name: time for name, time in times.items() if name not in wanted}
                kept.update({name: time for name, (value, time) in wanted.items() if value is not None})
                self._known.set(entity, (new_etag, kept) if new_etag else None)
                return ""
            known = None
        raise StoreError(f"twin {entity} is being changed by others all the time")

    def _patch(self, entity: str, changes: Changes, times: Mapping[str, str], etag: str) -> str | None:
        """The twin's new etag ("" if the service names none), or None if it has another etag, or is gone, by now."""
        patch: list[dict[str, Any]] = []
        for name, (value, time) in changes.items():
            if value is not None:
                patch.append({"op": "add", "path": f"/{name}", "value": value})
                patch.append({"op": "add", "path": f"/$metadata/{name}/sourceTime", "value": time})
            elif name in times:
                patch.append({"op": "remove", "path": f"/{name}"})
        if not patch:
            return etag
        with calling(f"update twin {entity}"):
            try:
                headers: Any = self._client.update_digital_twin(
                    _twin_id(entity),
                    patch,
                    etag=etag,
                    match_condition=MatchConditions.IfNotModified,
                    cls=lambda _response, _body, headers: headers,
                )
            except (ResourceModifiedError, ResourceNotFoundError):
                return None
            except HttpResponseError as error:
                if error.status_code == 412:
                    return None
                raise
        return str((headers or {}).get("ETag") or "")

    def _read(self, entity: str) -> dict[str, Any] | None:
        with calling(f"read twin {entity}"):
            try:
                return dict(self._client.get_digital_twin(_twin_id(entity)))
            except ResourceNotFoundError:
                return None


def _twin_id(entity: str) -> str:
    return quote(entity, safe=_ID_CHARACTERS)


def _times(twin: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: normal_time(about["sourceTime"])
        for name, about in twin["$metadata"].items()
        if isinstance(about, dict) and about.get("sourceTime")
    }


def _state(twin: Mapping[str, Any]) -> EntityState:
    values = {name: value for name, value in twin.items() if not name.startswith("$")}
    return EntityState(unquote(str(twin["$dtId"])), str(twin["$metadata"]["$model"]), values, _times(twin))
