"""L4 on IoT TwinMaker: component types from DTDL, an entity with one component per twin, relationships as properties.

TwinMaker keeps no time series itself. Values travel through its data API (`BatchPutPropertyValues`,
`GetPropertyValueHistory`), which calls our connector function, which keeps them in a table (`twinmaker_connector`).
`UpdateEntity` would keep them in the entity, but takes turns with itself, has no condition and a low rate limit; it
is used for relationships only.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Any, Final

from twin2multicloud.runtime.adapters.aws.clients import AwsError, Clients, calling, code_of, failure
from twin2multicloud.runtime.adapters.aws.twinmaker_connector import NO_TIME
from twin2multicloud.runtime.adapters.aws.twinmaker_models import (
    COMPONENT,
    PropertyType,
    component_type,
    dtmi_of,
    type_id,
)
from twin2multicloud.runtime.failures import RejectedError, StoreError
from twin2multicloud.runtime.ports import EntityState, Relation, TwinGraph, Update

_ENTRIES_PER_CALL: Final = 10
_PROPERTIES_PER_QUERY: Final = 10
_MOST_RELATIONS: Final = 50
_PAGE: Final = 200
_ATTEMPTS: Final = 15
_REMEMBERED: Final = 20_000
_FAR: Final = "9999-12-31T23:59:59.999999Z"

_Types = dict[str, PropertyType]


class TwinMakerGraph:
    """`values` is the graph behind the connector, whose ARN is `connector`; every twin is in both.

    Relationships of one name are at most 50 per twin, texts 1 to 256 printable characters: the service's limits.
    """

    def __init__(self, clients: Clients, workspace: str, connector: str, values: TwinGraph) -> None:
        self._clients = clients
        self._workspace = workspace
        self._connector = connector
        self._values = values
        self._types: OrderedDict[str, _Types] = OrderedDict()
        self._lock = Lock()

    def define(self, models: Sequence[Mapping[str, Any]]) -> None:
        """As the port says; parents first, and each is waited for."""
        known = {model["@id"]: model for model in models}
        done: set[str] = set()

        def create(dtmi: str) -> None:
            if dtmi in done or dtmi not in known:
                return
            done.add(dtmi)
            parents = known[dtmi].get("extends", [])
            for parent in [parents] if isinstance(parents, str) else parents:
                create(parent)
            arguments = component_type(known[dtmi], self._connector)
            if self._unless_there("create_component_type", f"defining model {dtmi}", **arguments):
                self._until_active("get_component_type", dtmi, componentTypeId=type_id(dtmi))

        for dtmi in known:
            create(dtmi)

    def put_entities(self, entities: Sequence[EntityState]) -> None:
        """As the port says; the values first, so that no twin shows without them."""
        for entity in entities:
            self._checked(entity)
        self._values.put_entities(entities)
        self._clients.each(self._create, entities)

    def relate(self, relations: Sequence[Relation]) -> None:
        """As the port says; per source one read and one update."""
        by_source: dict[str, list[Relation]] = {}
        for relation in relations:
            by_source.setdefault(relation.source, []).append(relation)
        missing = [
            end
            for end in dict.fromkeys(end for each in relations for end in (each.source, each.target))
            if self._entity(end) is None
        ]
        if missing:
            raise RejectedError(f"no twin {', '.join(missing[:10])}: create it before its relationships")

        def add(change: tuple[str, list[Relation]]) -> None:
            source, new = change
            self._change(source, lambda targets: _added(source, targets, new))

        self._clients.each(add, by_source.items())

    def unrelate(self, relations: Sequence[Relation]) -> None:
        """As the port says; per source one read and one update."""
        by_source: dict[str, set[tuple[str, str]]] = {}
        for relation in relations:
            by_source.setdefault(relation.source, set()).add((relation.name, relation.target))

        def part(change: tuple[str, set[tuple[str, str]]]) -> None:
            source, gone = change
            self._change(source, lambda targets: _parted(targets, gone))

        self._clients.each(part, by_source.items())

    def update(self, updates: Sequence[Update]) -> None:
        """As the port says; ten values a request."""
        latest: dict[tuple[str, str], tuple[Any, str]] = {}
        for update in updates:
            for name, value in update.values.items():
                if (update.entity, name) not in latest or latest[update.entity, name][1] < update.time:
                    latest[update.entity, name] = (value, update.time)
        missing: dict[str, None] = {}
        wrong: list[str] = []
        entries = []
        for (entity, name), (value, time) in latest.items():
            types = self._types_of(entity)
            if types is None:
                missing[entity] = None
                continue
            try:
                entries.append(_entry(entity, name, value, time, types))
            except RejectedError as error:
                wrong.append(f"{entity}: {error}")
        batches = [entries[n : n + _ENTRIES_PER_CALL] for n in range(0, len(entries), _ENTRIES_PER_CALL)]
        for gone in self._clients.each(self._put, batches):
            missing.update(dict.fromkeys(gone))
        if missing or wrong:
            names = [f"no twin {', '.join(list(missing)[:10])}"] if missing else []
            raise RejectedError("; ".join((*names, *wrong[:10])))

    def get(self, entity: str) -> EntityState | None:
        """As the port says; one read of the entity, and one query per ten properties."""
        found = self._entity(entity)
        if found is None:
            return None
        component = found["components"][COMPONENT]
        types = self._remember(entity, component)
        names = sorted(types)
        state = EntityState(entity, dtmi_of(component["componentTypeId"]), {}, {})
        for start in range(0, len(names), _PROPERTIES_PER_QUERY):
            for name, value, time in self._latest(entity, names[start : start + _PROPERTIES_PER_QUERY]):
                state.values[name] = types[name].value(value)
                if time != NO_TIME:
                    state.times[name] = time
        return state

    def entities(self, model: str = "", after: str = "", limit: int = 1000) -> list[EntityState]:
        """As the port says. The service lists in no order: all ids are read, then those asked for one by one."""
        ids = sorted(id for id in self._ids(model) if id > after)[:limit]
        return [state for state in self._clients.each(self.get, ids) if state is not None]

    def relations(self, source: str, name: str = "") -> list[Relation]:
        """As the port says."""
        found = self._entity(source)
        targets = {} if found is None else _targets(found)
        return sorted(
            (Relation(source, each, target) for each, ends in targets.items() if name in ("", each) for target in ends),
            key=lambda relation: (relation.name, relation.target),
        )

    def delete_entities(self, ids: Sequence[str]) -> None:
        """As the port says. The service does not know who points at a twin: every other twin is looked at."""
        gone = {id for id in ids if self._entity(id, deleting=True) is not None}
        if gone:
            others = [id for id in self._ids() if id not in gone]
            self._clients.each(lambda other: self._change(other, lambda targets: _without(targets, gone)), others)
        self._values.delete_entities(ids)
        self._clients.each(self._delete, sorted(gone))

    # ── One twin ────────────────────────────────────────────────────────────────────────────────────────────
    def _create(self, entity: EntityState) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            created = self._unless_there(
                "create_entity",
                f"creating twin {entity.id}",
                entityId=entity.id,
                entityName=entity.id,
                components={COMPONENT: {"componentTypeId": type_id(entity.model)}},
            )
            if created:
                self._until_active("get_entity", f"twin {entity.id}", entityId=entity.id)
                return
            if self._entity(entity.id) is not None:
                return
            self._clients.pause(attempt)  # one of that name is being deleted
        raise StoreError(f"twin {entity.id} is still being deleted")

    def _checked(self, entity: EntityState) -> None:
        """Refuse values that the model cannot hold before anything is created."""
        if entity.values:
            types = self._model_types(entity.model)
            for name, value in entity.values.items():
                _entry(entity.id, name, value, NO_TIME, types)

    def _delete(self, entity: str) -> None:
        with calling(f"deleting twin {entity}"):
            try:
                self._api.delete_entity(workspaceId=self._workspace, entityId=entity, isRecursive=False)
            except AwsError as error:
                if code_of(error) != "ResourceNotFoundException":
                    raise
        self._forgotten(entity)
        for attempt in range(1, _ATTEMPTS + 1):
            if self._entity(entity, deleting=True) is None:
                return
            self._clients.pause(attempt)
        raise StoreError(f"twin {entity} is still being deleted")

    def _change(self, source: str, change: Callable[[dict[str, list[str]]], dict[str, list[str]]]) -> None:
        """Read a twin's relationships and set those that `change` makes different."""
        for attempt in range(1, _ATTEMPTS + 1):
            found = self._entity(source)
            changed = {} if found is None else change(_targets(found))
            if not changed:
                return
            updates = {name: {"value": {"listValue": _list(ends)}} for name, ends in changed.items()}
            with calling(f"relating twin {source}"):
                try:
                    self._api.update_entity(
                        workspaceId=self._workspace,
                        entityId=source,
                        componentUpdates={COMPONENT: {"updateType": "UPDATE", "propertyUpdates": updates}},
                    )
                except AwsError as error:
                    if code_of(error) != "ConflictException":
                        raise
                    self._clients.pause(attempt)
                    continue
            self._until_active("get_entity", f"twin {source}", entityId=source)
            return
        raise StoreError(f"twin {source} is being changed by somebody else all the time")

    def _entity(self, entity: str, *, deleting: bool = False) -> dict[str, Any] | None:
        with calling(f"reading twin {entity}"):
            try:
                found: dict[str, Any] = self._api.get_entity(workspaceId=self._workspace, entityId=entity)
            except AwsError as error:
                if code_of(error) == "ResourceNotFoundException":
                    return None
                raise
        return None if found["status"].get("state") == "DELETING" and not deleting else found

    def _ids(self, model: str = "") -> Iterator[str]:
        request: dict[str, Any] = {"workspaceId": self._workspace, "maxResults": _PAGE}
        if model:
            request["filters"] = [{"componentTypeId": type_id(model)}]
        while True:
            with calling("listing twins"):
                page = self._api.list_entities(**request)
            for each in page.get("entitySummaries", []):
                if each["status"].get("state") != "DELETING":
                    yield each["entityId"]
            if not page.get("nextToken"):
                return
            request["nextToken"] = page["nextToken"]

    # ── Values ──────────────────────────────────────────────────────────────────────────────────────────────
    def _put(self, entries: list[dict[str, Any]]) -> list[str]:
        """Hand over at most ten values; the twins that do not exist."""
        gone: list[str] = []
        for attempt in range(1, _ATTEMPTS + 1):
            with calling("updating twins"):
                try:
                    answer = self._api.batch_put_property_values(workspaceId=self._workspace, entries=entries)
                except AwsError as error:
                    if code_of(error) != "ResourceNotFoundException":
                        raise
                    if len(entries) > 1:  # one of the twins is not there: which, is found one by one
                        return gone + [entity for entry in entries for entity in self._put([entry])]
                    return [*gone, self._forgotten(entries[0]["entityPropertyReference"]["entityId"])]
            again = []
            for refused in (each for entry in answer.get("errorEntries", []) for each in entry["errors"]):
                entity = refused["entry"]["entityPropertyReference"]["entityId"]
                problem = failure(refused["errorCode"], refused["errorMessage"], f"updating twin {entity}")
                if "NotFound" in refused["errorCode"]:
                    gone.append(self._forgotten(entity))
                elif isinstance(problem, RejectedError) or attempt == _ATTEMPTS:
                    raise problem
                else:
                    again.append(refused["entry"])
            if not again:
                break
            entries = again
            self._clients.pause(attempt)
        return gone

    def _latest(self, entity: str, names: Sequence[str]) -> Iterable[tuple[str, dict[str, Any], str]]:
        with calling(f"reading the values of twin {entity}"):
            answer = self._api.get_property_value_history(
                workspaceId=self._workspace,
                entityId=entity,
                componentName=COMPONENT,
                selectedProperties=list(names),
                startTime=NO_TIME,
                endTime=_FAR,
                orderByTime="DESCENDING",
            )
        for each in answer["propertyValues"]:
            if each.get("values"):
                first = each["values"][0]
                yield each["entityPropertyReference"]["propertyName"], first["value"], first["time"]

    def _types_of(self, entity: str) -> _Types | None:
        with self._lock:
            known = self._types.get(entity)
        if known is not None:
            return known
        found = self._entity(entity)
        return None if found is None else self._remember(entity, found["components"][COMPONENT])

    def _remember(self, entity: str, component: Mapping[str, Any]) -> _Types:
        types = _series_of({name: each["definition"] for name, each in component.get("properties", {}).items()})
        with self._lock:
            self._types[entity] = types
            while len(self._types) > _REMEMBERED:
                self._types.popitem(last=False)
        return types

    def _forgotten(self, entity: str) -> str:
        with self._lock:
            self._types.pop(entity, None)
        return entity

    def _model_types(self, model: str) -> _Types:
        with calling(f"reading model {model}"):
            found = self._api.get_component_type(workspaceId=self._workspace, componentTypeId=type_id(model))
        return _series_of(found.get("propertyDefinitions", {}))

    # ── The service ─────────────────────────────────────────────────────────────────────────────────────────
    @property
    def _api(self) -> Any:
        return self._clients.get("iottwinmaker")

    def _unless_there(self, operation: str, what: str, **arguments: Any) -> bool:
        """Create something; False if there is one of that id."""
        with calling(what):
            try:
                getattr(self._api, operation)(workspaceId=self._workspace, **arguments)
            except AwsError as error:
                if code_of(error) == "ConflictException":
                    return False
                raise
        return True

    def _until_active(self, operation: str, what: str, **key: str) -> None:
        """Changes take effect a moment after they are answered."""
        for attempt in range(1, _ATTEMPTS + 1):
            with calling(f"waiting for {what}"):
                status = getattr(self._api, operation)(workspaceId=self._workspace, **key)["status"]
            if status.get("state") == "ACTIVE":
                return
            if status.get("state") == "ERROR":
                raise RejectedError(f"{what}: {status.get('error', {}).get('message', 'the service gives no reason')}")
            self._clients.pause(attempt)
        raise StoreError(f"{what} is not active yet")


def _entry(entity: str, name: str, value: Any, time: str, types: _Types) -> dict[str, Any]:
    if name not in types:
        raise RejectedError(f"the model of twin {entity} declares no property '{name}'")
    return {
        "entityPropertyReference": {"entityId": entity, "componentName": COMPONENT, "propertyName": name},
        "propertyValues": [{"time": time, "value": types[name].data_value(name, value)}],
    }


def _series_of(definitions: Mapping[str, Mapping[str, Any]]) -> _Types:
    return {name: PropertyType.of(each) for name, each in definitions.items() if each.get("isTimeSeries")}


def _targets(entity: Mapping[str, Any]) -> dict[str, list[str]]:
    """A twin's relationships: targets by name; an empty list for a name that it may have."""
    found: dict[str, list[str]] = {}
    for name, each in entity["components"][COMPONENT].get("properties", {}).items():
        nested = each["definition"]["dataType"].get("nestedType", {})
        if nested.get("type") == "RELATIONSHIP":
            values = each.get("value", {}).get("listValue", [])
            found[name] = [value["relationshipValue"]["targetEntityId"] for value in values]
    return found


def _added(source: str, targets: dict[str, list[str]], new: Iterable[Relation]) -> dict[str, list[str]]:
    changed: dict[str, list[str]] = {}
    for relation in new:
        if relation.name not in targets:
            raise RejectedError(f"the model of twin {source} declares no relationship '{relation.name}'")
        ends = changed.get(relation.name, targets[relation.name])
        if relation.target not in ends:
            changed[relation.name] = [*ends, relation.target]
    for name, ends in changed.items():
        if len(ends) > _MOST_RELATIONS:
            raise RejectedError(
                f"twin {source} would have {len(ends)} relationships '{name}'; IoT TwinMaker takes {_MOST_RELATIONS}: "
                "put a level in between, or choose our own twin graph"
            )
    return changed


def _without(targets: dict[str, list[str]], gone: set[str]) -> dict[str, list[str]]:
    return {
        name: [end for end in ends if end not in gone] for name, ends in targets.items() if not gone.isdisjoint(ends)
    }


def _parted(targets: dict[str, list[str]], gone: set[tuple[str, str]]) -> dict[str, list[str]]:
    left = {name: [end for end in ends if (name, end) not in gone] for name, ends in targets.items()}
    return {name: ends for name, ends in left.items() if len(ends) < len(targets[name])}


def _list(ends: Iterable[str]) -> list[dict[str, Any]]:
    return [{"relationshipValue": {"targetEntityId": end, "targetComponentName": COMPONENT}} for end in ends]
