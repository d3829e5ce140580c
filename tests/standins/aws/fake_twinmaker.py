"""A FAKE of AWS IoT TwinMaker: enough of its REST interface for boto3's own client and our adapter.

There is no emulator of TwinMaker. This one was written from the public service model and documentation; it shows that
our adapter speaks the protocol and lives with what is documented. It cannot show that AWS agrees.

Does: the operations named in `fake_twinmaker_protocol`, requests checked against the service model in botocore
(patterns, lengths, enumerations, required members, at most 10 entries in BatchPutPropertyValues), component types with
inheritance, property types of values, changes that take a moment (CREATING, UPDATING, DELETING; ConflictException
meanwhile), error entries, paging, data connectors (called in process instead of Lambda), a signature being there.

Does not: check the signature, IAM, quotas and rates (`refuse` injects an error), scenes, queries (ExecuteQuery),
component type updates, composite components, property groups, interpolation, filters, parents and children of
entities, schema initializers, GetPropertyValue, real time-outs of connectors. Whether AWS answers an unknown entity in
a batch with an error entry or with ResourceNotFoundException for the whole call is not documented: this does the
latter for entities and the former for properties and values, and the adapter takes either.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from http.server import ThreadingHTTPServer
from typing import Any

from tests.standins.aws.fake_twinmaker_protocol import ServiceError, handler, read_request

Connector = Callable[[Mapping[str, Any]], dict[str, Any]]

_FIELDS = {
    "STRING": "stringValue",
    "LONG": "longValue",
    "INTEGER": "integerValue",
    "DOUBLE": "doubleValue",
    "BOOLEAN": "booleanValue",
    "LIST": "listValue",
    "MAP": "mapValue",
    "RELATIONSHIP": "relationshipValue",
}
_DEFINITION = {
    "isTimeSeries": False,
    "isStoredExternally": False,
    "isRequiredInEntity": False,
    "isExternalId": False,
    "isImported": False,
    "isFinal": False,
    "isInherited": False,
}


class FakeTwinMaker:
    """Serves on a free loopback port until `stop`. `settle_s` is how long a change takes.

    `connectors` are the data connectors by ARN; `refuse` holds error codes for the next requests; `requests` counts
    requests by operation.
    """

    def __init__(self, *, settle_s: float = 0.01) -> None:
        self.settle_s = settle_s
        self.connectors: dict[str, Connector] = {}
        self.refuse: list[str] = []
        self.requests: dict[str, int] = {}
        self._workspaces: dict[str, dict[str, dict[str, Any]]] = {}
        self._lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self.answer))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def endpoint(self) -> str:
        """The address for `endpoint_url`."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def answer(self, method: str, target: str, authorization: str, body: bytes) -> dict[str, Any]:
        """One request's result; `ServiceError` otherwise."""
        name, request = read_request(method, target, authorization, body)
        with self._lock:
            self.requests[name] = self.requests.get(name, 0) + 1
            if self.refuse:
                raise ServiceError(self.refuse.pop(0), "injected")
        operation = re.sub("(?<!^)([A-Z])", r"_\1", name).lower()
        result: dict[str, Any] = getattr(self, f"_{operation}")(request)
        return result

    # ── Models and entities ─────────────────────────────────────────────────────────────────────────────────
    def _create_workspace(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            if request["workspaceId"] in self._workspaces:
                raise ServiceError("ConflictException", "the workspace exists")
            self._workspaces[request["workspaceId"]] = {"types": {}, "entities": {}}
        return {"arn": _arn(request, ""), "creationDateTime": time.time()}

    def _create_component_type(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            types = self._workspace(request)["types"]
            if request["componentTypeId"] in types:
                raise ServiceError("ConflictException", "the component type exists")
            properties: dict[str, Any] = {}
            functions: dict[str, Any] = {}
            for parent in request.get("extendsFrom", []):
                if parent not in types:
                    raise ServiceError("ValidationException", f"there is no component type {parent} to extend")
                inherited = types[parent]["propertyDefinitions"]
                properties |= {name: {**each, "isInherited": True} for name, each in inherited.items()}
                functions |= types[parent]["functions"]
            for name, each in request.get("propertyDefinitions", {}).items():
                if name in properties:
                    raise ServiceError("ValidationException", f"{name} is inherited and cannot be defined again")
                if "dataType" not in each:
                    raise ServiceError("ValidationException", f"{name} has no data type")
                properties[name] = {**_DEFINITION, **each}
            types[request["componentTypeId"]] = {
                **{key: request[key] for key in ("workspaceId", "componentTypeId")},
                "propertyDefinitions": properties,
                "extendsFrom": request.get("extendsFrom", []),
                "functions": functions | request.get("functions", {}),
                "arn": _arn(request, f"component-type/{request['componentTypeId']}"),
                "creationDateTime": time.time(),
                "updateDateTime": time.time(),
                "settled": self._later(),
            }
        return {"arn": _arn(request, "x"), "creationDateTime": time.time(), "state": "CREATING"}

    def _get_component_type(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            found = self._workspace(request)["types"].get(request["componentTypeId"])
            if found is None:
                raise ServiceError("ResourceNotFoundException", "there is no such component type")
            state = "CREATING" if time.monotonic() < found["settled"] else "ACTIVE"
            return {**{key: value for key, value in found.items() if key != "settled"}, "status": {"state": state}}

    def _list_component_types(self, request: dict[str, Any]) -> dict[str, Any]:
        """Those of the workspace, after one that every workspace has."""
        with self._lock:
            ids = ["com.amazon.iottwinmaker.parameters", *self._workspace(request)["types"]]
            summaries = [
                {
                    "arn": _arn(request, f"component-type/{id}"),
                    "componentTypeId": id,
                    "creationDateTime": time.time(),
                    "updateDateTime": time.time(),
                }
                for id in ids
            ]
        return {"workspaceId": request["workspaceId"], "componentTypeSummaries": summaries}

    def _delete_component_type(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            types, id = self._workspace(request)["types"], request["componentTypeId"]
            if id not in types:
                raise ServiceError("ResourceNotFoundException", f"there is no component type {id}")
            if any(id in each["extendsFrom"] for each in types.values()):
                raise ServiceError("ValidationException", f"{id} is extended by others")
            used = (
                each["componentTypeId"] for e in self._entities(request).values() for each in e["components"].values()
            )
            if id in used:
                raise ServiceError("ValidationException", f"{id} is in use")
            del types[id]
        return {"state": "DELETING"}

    def _create_entity(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            entities = self._entities(request)
            if request["entityId"] in entities:
                raise ServiceError("ConflictException", "the entity exists")
            components = {}
            for name, each in request.get("components", {}).items():
                kind = self._workspace(request)["types"].get(each["componentTypeId"])
                if kind is None or time.monotonic() < kind["settled"]:
                    raise ServiceError("ValidationException", f"component type {each['componentTypeId']} is not active")
                components[name] = {"componentTypeId": each["componentTypeId"], "values": {}}
                self._set(request, components[name], each.get("properties", {}))
            entities[request["entityId"]] = {
                "entityId": request["entityId"],
                "entityName": request["entityName"],
                "components": components,
                "state": "CREATING",
                "settled": self._later(),
                "creationDateTime": time.time(),
            }
        return {
            "entityId": request["entityId"],
            "arn": _arn(request, f"entity/{request['entityId']}"),
            "creationDateTime": time.time(),
            "state": "CREATING",
        }

    def _get_entity(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            entity = self._entity(request)
            return {
                **self._summary(request, entity),
                "workspaceId": request["workspaceId"],
                "components": {
                    name: {
                        "componentName": name,
                        "componentTypeId": each["componentTypeId"],
                        "status": {"state": "ACTIVE"},
                        "properties": self._properties(request, each),
                    }
                    for name, each in entity["components"].items()
                },
            }

    def _update_entity(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            entity = self._entity(request)
            if entity["state"] != "ACTIVE":
                raise ServiceError("ConflictException", f"the entity is {entity['state']}")
            for name, each in request.get("componentUpdates", {}).items():
                if each.get("updateType") != "UPDATE" or name not in entity["components"]:
                    raise ServiceError("ValidationException", "the fake updates components that are there, only")
                self._set(request, entity["components"][name], each.get("propertyUpdates", {}))
            entity |= {"state": "UPDATING", "settled": self._later()}
        return {"updateDateTime": time.time(), "state": "UPDATING"}

    def _delete_entity(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            self._entity(request).update({"state": "DELETING", "settled": self._later()})
        return {"state": "DELETING"}

    def _list_entities(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            wanted = {each["componentTypeId"] for each in request.get("filters", []) if "componentTypeId" in each}
            found = [
                entity
                for entity in self._entities(request).values()
                if not wanted or wanted & {each["componentTypeId"] for each in entity["components"].values()}
            ]
            start, size = int(request.get("nextToken", 0)), request.get("maxResults") or 25
            answer: dict[str, Any] = {
                "entitySummaries": [self._summary(request, each) for each in found[start : start + size]]
            }
            if start + size < len(found):
                answer["nextToken"] = str(start + size)
            return answer

    # ── Values ──────────────────────────────────────────────────────────────────────────────────────────────
    def _batch_put_property_values(self, request: dict[str, Any]) -> dict[str, Any]:
        errors: list[dict[str, Any]] = []
        by_writer: dict[str, list[dict[str, Any]]] = {}
        properties: dict[str, dict[str, Any]] = {}
        with self._lock:
            for number, entry in enumerate(request["entries"]):
                reference = entry["entityPropertyReference"]
                entity = self._entity({**request, **reference})
                component = entity["components"].get(reference.get("componentName"))
                of = {} if component is None else self._properties(request, component)
                problem = _entry_problem(entry, of)
                if problem or component is None:
                    told = {"errorCode": "ValidationException", "errorMessage": problem, "entry": entry}
                    errors.append({"errors": [told]})
                    continue
                properties[reference["entityId"]] = of
                arn = self._function(request, component, "dataWriter")
                by_writer.setdefault(arn, []).append({"entryId": str(number), **entry})
        for arn, entries in by_writer.items():
            call = {"workspaceId": request["workspaceId"], "properties": properties, "entries": entries}
            errors += self._call(arn, call).get("errorEntries", [])
        return {"errorEntries": errors}

    def _get_property_value_history(self, request: dict[str, Any]) -> dict[str, Any]:
        for name in ("entityId", "componentName", "startTime", "endTime"):
            if name not in request:
                raise ServiceError("ValidationException", f"the fake needs {name}")
        with self._lock:
            component = self._entity(request)["components"].get(request["componentName"])
            if component is None:
                raise ServiceError("ResourceNotFoundException", "there is no such component")
            properties = self._properties(request, component)
            for name in request["selectedProperties"]:
                if not properties.get(name, {}).get("definition", {}).get("isTimeSeries"):
                    raise ServiceError("ValidationException", f"{name} is no time series")
            arn = self._function(request, component, "dataReader")
            call = {**request, "properties": properties, "componentTypeId": component["componentTypeId"]}
        return self._call(arn, call)

    def _call(self, arn: str, call: dict[str, Any]) -> dict[str, Any]:
        try:
            # As Lambda would: what goes in and out is JSON.
            answer: dict[str, Any] = json.loads(json.dumps(self.connectors[arn](json.loads(json.dumps(call)))))
        except Exception as error:
            raise ServiceError("ConnectorFailureException", f"the connector failed: {error}") from error
        return answer

    # ── What they share ─────────────────────────────────────────────────────────────────────────────────────
    def _workspace(self, request: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        found = self._workspaces.get(request["workspaceId"])
        if found is None:
            raise ServiceError("ResourceNotFoundException", "there is no such workspace")
        return found

    def _entities(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """All of a workspace, with changes that are through taken into account."""
        entities = self._workspace(request)["entities"]
        for id, entity in list(entities.items()):
            if entity["state"] != "ACTIVE" and time.monotonic() >= entity["settled"]:
                if entity["state"] == "DELETING":
                    del entities[id]
                else:
                    entity["state"] = "ACTIVE"
        return entities

    def _entity(self, request: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] | None = self._entities(request).get(request["entityId"])
        if found is None:
            raise ServiceError("ResourceNotFoundException", f"there is no entity {request['entityId']}")
        return found

    def _summary(self, request: Mapping[str, Any], entity: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "entityId": entity["entityId"],
            "entityName": entity["entityName"],
            "arn": _arn(request, f"entity/{entity['entityId']}"),
            "status": {"state": entity["state"]},
            "parentEntityId": "$ROOT",
            "hasChildEntities": False,
            "creationDateTime": entity["creationDateTime"],
            "updateDateTime": entity["creationDateTime"],
        }

    def _properties(self, request: Mapping[str, Any], component: Mapping[str, Any]) -> dict[str, Any]:
        definitions = self._workspace(request)["types"][component["componentTypeId"]]["propertyDefinitions"]
        values = component["values"]
        return {
            name: {"definition": each, **({"value": values[name]} if name in values else {})}
            for name, each in definitions.items()
        }

    def _set(self, request: Mapping[str, Any], component: dict[str, Any], updates: Mapping[str, Any]) -> None:
        definitions = self._workspace(request)["types"][component["componentTypeId"]]["propertyDefinitions"]
        for name, update in updates.items():
            definition = definitions.get(name)
            if definition is None:
                raise ServiceError("ValidationException", f"the component type defines no property {name}")
            if definition["isTimeSeries"]:
                raise ServiceError("ValidationException", f"{name} is a time series and has no value of its own")
            problem = _type_problem(update["value"], definition["dataType"])
            targets = [each["relationshipValue"]["targetEntityId"] for each in update["value"].get("listValue", [])]
            missing = [target for target in targets if target not in self._entities(request)]
            if problem or missing:
                raise ServiceError("ValidationException", f"{name}: {problem or f'there is no entity {missing}'}")
            component["values"][name] = update["value"]

    def _function(self, request: Mapping[str, Any], component: Mapping[str, Any], name: str) -> str:
        functions = self._workspace(request)["types"][component["componentTypeId"]]["functions"]
        if name not in functions:
            raise ServiceError("ValidationException", f"the component type has no {name}")
        arn: str = functions[name]["implementedBy"]["lambda"]["arn"]
        return arn

    def _later(self) -> float:
        return time.monotonic() + self.settle_s


def _entry_problem(entry: Mapping[str, Any], properties: Mapping[str, Any]) -> str:
    name = entry["entityPropertyReference"]["propertyName"]
    definition = properties.get(name, {}).get("definition")
    if definition is None:
        return f"there is no property {name}"
    if not definition["isTimeSeries"]:
        return f"{name} is no time series"
    problems = (_type_problem(each["value"], definition["dataType"]) for each in entry.get("propertyValues", []))
    return next((problem for problem in problems if problem), "")


def _type_problem(value: Mapping[str, Any], data_type: Mapping[str, Any]) -> str:
    field = _FIELDS[data_type["type"]]
    if list(value) != [field]:
        return f"a value of type {data_type['type']} is a {field}"
    if data_type.get("allowedValues") and value not in data_type["allowedValues"]:
        return "the value is not one of those allowed"
    if data_type["type"] == "LIST":
        nested = (_type_problem(each, data_type["nestedType"]) for each in value[field])
        return next((problem for problem in nested if problem), "")
    return ""


def _arn(request: Mapping[str, Any], what: str) -> str:
    return f"arn:aws:iottwinmaker:eu-central-1:000000000000:workspace/{request['workspaceId']}/{what}"
