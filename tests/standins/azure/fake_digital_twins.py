"""A FAKE of the Azure Digital Twins data plane, written by us from the official SDK's behaviour and the documentation.

What it does: models with a check of their DTDL v3 (names, kinds, schemas, parents), twins whose properties are checked
against their model's schemas, JSON patches with `sourceTime`, relationships in both directions, etags with 412,
404, 409, deletion refused while relationships are left, and the query forms our adapter sends, in pages.
Its limits: any bearer token is good; no components, no commands, no semantic types' checks, no query language beyond
those forms, queries see writes at once (the service may lag by seconds), no event routes, no limits on rates or sizes;
how the service prints numbers and times is assumed. It shows that our adapter speaks the SDK's protocol. It can not
show that Azure agrees.
"""

from __future__ import annotations

import datetime
import json
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.standins.azure.rig import Certificates, serving

_DTMI = re.compile(
    r"dtmi:[A-Za-z](?:[A-Za-z0-9_]*[A-Za-z0-9])?(?::[A-Za-z_](?:[A-Za-z0-9_]*[A-Za-z0-9])?)*;[1-9]\d{0,8}"
)
_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9_]{0,510}[A-Za-z0-9])?")
_TWIN_ID = re.compile(r"[A-Za-z0-9\-.+%_#*?!(),=@$']{1,128}")
_SCHEMAS = {
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: _whole(value, 2**31),
    "long": lambda value: _whole(value, 2**63),
    "double": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    **dict.fromkeys(("date", "dateTime", "duration", "time"), lambda value: isinstance(value, str)),
}
_QUERY = re.compile(
    r"SELECT \* FROM DIGITALTWINS(?: T WHERE IS_OF_MODEL\(T, '(?P<model>(?:[^'\\]|\\.)*)', exact\))?", re.IGNORECASE
)
_PAGE = 10


def _whole(value: Any, bound: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -bound <= value < bound


class _RefusedError(Exception):
    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.status, self.code = status, code


@dataclass
class FakeDigitalTwins:
    """The instance's models, twins and relationships, what it was asked, and where it answers."""

    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    twins: dict[str, dict[str, Any]] = field(default_factory=dict)
    relationships: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    url: str = ""

    def contents(self, dtmi: str, kind: str) -> dict[str, dict[str, Any]]:
        """A model's properties or relationships by name, its parents' included."""
        model = self.models[dtmi]
        parents = model.get("extends", [])
        found: dict[str, dict[str, Any]] = {}
        for parent in [parents] if isinstance(parents, str) else parents:
            found |= self.contents(parent, kind)
        for content in model.get("contents", []):
            kinds = content["@type"] if isinstance(content["@type"], list) else [content["@type"]]
            if kind in kinds:
                found[content["name"]] = content
        return found

    def define(self, models: list[dict[str, Any]]) -> None:
        """Take models, all or none."""
        if taken := [model["@id"] for model in models if model.get("@id") in self.models]:
            raise _RefusedError(409, "ModelIdAlreadyExists", taken[0])
        given = {str(model.get("@id")): model for model in models}
        for dtmi, model in given.items():
            if problem := _dtdl_problem(dtmi, model, {*self.models, *given}):
                raise _RefusedError(400, "DTDLParserError", f"{dtmi}: {problem}")
        self.models.update(given)

    def check(self, dtmi: str, name: str, value: Any) -> None:
        """Refuse a value that the model does not allow."""
        content = self.contents(dtmi, "Property").get(name)
        if content is None:
            raise _RefusedError(400, "ValidationFailed", f"{name} is no property of {dtmi}")
        if not _fits(content["schema"], value):
            raise _RefusedError(400, "ValidationFailed", f"{name} does not fit its schema")


def _dtdl_problem(dtmi: str, model: dict[str, Any], known: set[str]) -> str:
    if not _DTMI.fullmatch(dtmi) or model.get("@type") != "Interface":
        return "no DTMI, or no Interface"
    contexts = model.get("@context")
    if "dtmi:dtdl:context;3" not in (contexts if isinstance(contexts, list) else [contexts]):
        return "the context must be dtmi:dtdl:context;3"
    parents = model.get("extends", [])
    for parent in [parents] if isinstance(parents, str) else parents:
        if parent not in known:
            return f"{parent} is not known"
    names: set[str] = set()
    for content in model.get("contents", []):
        kinds = content.get("@type")
        kind = next((k for k in (kinds if isinstance(kinds, list) else [kinds]) if k in _KINDS), None)
        name = str(content.get("name", ""))
        if kind is None or not _NAME.fullmatch(name) or name in names:
            return f"content {name!r}"
        names.add(name)
        if kind in ("Property", "Telemetry") and not _schema_known(content.get("schema")):
            return f"schema of {name}"
    return ""


_KINDS = frozenset({"Property", "Telemetry", "Relationship", "Command", "Component"})


def _schema_known(schema: Any) -> bool:
    if isinstance(schema, str):
        return schema in _SCHEMAS
    if not isinstance(schema, dict):
        return False
    kind = schema.get("@type")
    if kind == "Array":
        return _schema_known(schema.get("elementSchema"))
    if kind == "Map":
        return _schema_known(schema.get("mapValue", {}).get("schema"))
    if kind == "Object":
        return all(_schema_known(each.get("schema")) for each in schema.get("fields", []))
    return kind == "Enum" and _schema_known(schema.get("valueSchema"))


def _fits(schema: Any, value: Any) -> bool:
    if isinstance(schema, str):
        return bool(_SCHEMAS[schema](value))
    kind = schema["@type"]
    if kind == "Array":
        return isinstance(value, list) and all(_fits(schema["elementSchema"], each) for each in value)
    if kind == "Map":
        return isinstance(value, dict) and all(_fits(schema["mapValue"]["schema"], each) for each in value.values())
    if kind == "Object":
        fields = {each["name"]: each["schema"] for each in schema["fields"]}
        return isinstance(value, dict) and all(n in fields and _fits(fields[n], v) for n, v in value.items())
    return value in [each["enumValue"] for each in schema["enumValues"]]


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat().replace("+00:00", "Z")


def _etag() -> str:
    return f'W/"{uuid.uuid4()}"'


class _Handlers:
    def __init__(self, state: FakeDigitalTwins) -> None:
        self._state = state

    def _twin(self, request: web.Request) -> tuple[str, dict[str, Any]]:
        twin_id = request.match_info["twin"]
        if twin_id not in self._state.twins:
            raise _RefusedError(404, "DigitalTwinNotFound", twin_id)
        return twin_id, self._state.twins[twin_id]

    async def models(self, request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.json_response({"value": [{"id": dtmi, "decommissioned": False} for dtmi in self._state.models]})
        models = await request.json()
        self._state.define(models)
        return web.json_response([{"id": m["@id"], "decommissioned": False} for m in models], status=201)

    async def put_twin(self, request: web.Request) -> web.Response:
        twin_id, body = request.match_info["twin"], await request.json()
        if not _TWIN_ID.fullmatch(twin_id):
            raise _RefusedError(400, "InvalidArgument", "twin id")
        if request.headers.get("If-None-Match") == "*" and twin_id in self._state.twins:
            raise _RefusedError(412, "PreconditionFailed")
        given = body["$metadata"]
        dtmi = given.get("$model")
        if dtmi not in self._state.models:
            raise _RefusedError(400, "ValidationFailed", f"model {dtmi}")
        values = {name: value for name, value in body.items() if not name.startswith("$")}
        metadata: dict[str, Any] = {"$model": dtmi, "$lastUpdateTime": _now()}
        for name, value in values.items():
            self._state.check(dtmi, name, value)
            metadata[name] = {"lastUpdateTime": _now(), **given.get(name, {})}
        twin = {"$dtId": twin_id, "$etag": _etag(), **values, "$metadata": metadata}
        self._state.twins[twin_id] = twin
        return web.json_response(twin, headers={"ETag": twin["$etag"]})

    async def get_twin(self, request: web.Request) -> web.Response:
        _, twin = self._twin(request)
        return web.json_response(twin, headers={"ETag": twin["$etag"]})

    async def patch_twin(self, request: web.Request) -> web.Response:
        operations = await request.json()  # all that follows happens at once
        twin_id, twin = self._twin(request)
        if request.headers.get("If-Match", twin["$etag"]) not in (twin["$etag"], "*"):
            raise _RefusedError(412, "PreconditionFailed")
        if request.content_type != "application/json-patch+json":
            raise _RefusedError(415, "UnsupportedMediaType")
        changed = json.loads(json.dumps(twin))
        for operation in operations:
            self._apply(changed, operation)
        changed["$etag"], changed["$metadata"]["$lastUpdateTime"] = _etag(), _now()
        self._state.twins[twin_id] = changed
        return web.Response(status=204, headers={"ETag": changed["$etag"]})

    def _apply(self, twin: dict[str, Any], operation: dict[str, Any]) -> None:
        verb, path, metadata = operation["op"], operation["path"].split("/")[1:], twin["$metadata"]
        if verb not in ("add", "replace", "remove"):
            raise _RefusedError(400, "JsonPatchInvalid", verb)
        if len(path) == 3 and path[0] == "$metadata" and path[2] == "sourceTime" and path[1] in metadata:
            metadata[path[1]]["sourceTime"] = operation["value"]
            return
        if len(path) != 1 or path[0].startswith("$"):
            raise _RefusedError(400, "JsonPatchInvalid", operation["path"])
        (name,) = path
        if verb != "add" and name not in twin:
            raise _RefusedError(400, "JsonPatchInvalid", f"{name} is not there")
        if verb == "remove":
            del twin[name]
            metadata.pop(name)
            return
        self._state.check(metadata["$model"], name, operation["value"])
        twin[name] = operation["value"]
        metadata.setdefault(name, {})["lastUpdateTime"] = _now()

    async def delete_twin(self, request: web.Request) -> web.Response:
        twin_id, _ = self._twin(request)
        if any(twin_id in (source, edge["$targetId"]) for (source, _), edge in self._state.relationships.items()):
            raise _RefusedError(400, "RelationshipsNotDeleted")
        del self._state.twins[twin_id]
        return web.Response(status=204)

    async def put_relationship(self, request: web.Request) -> web.Response:
        body, name = await request.json(), request.match_info["relationship"]
        source, twin = self._twin(request)
        if request.headers.get("If-None-Match") == "*" and (source, name) in self._state.relationships:
            raise _RefusedError(412, "PreconditionFailed")
        if body["$targetId"] not in self._state.twins:
            raise _RefusedError(400, "ValidationFailed", "the target does not exist")
        if body["$relationshipName"] not in self._state.contents(twin["$metadata"]["$model"], "Relationship"):
            raise _RefusedError(400, "ValidationFailed", "the model has no such relationship")
        edge = {**body, "$relationshipId": name, "$sourceId": source, "$etag": _etag()}
        self._state.relationships[source, name] = edge
        return web.json_response(edge, headers={"ETag": edge["$etag"]})

    async def relationships(self, request: web.Request) -> web.Response:
        source, _ = self._twin(request)
        wanted = request.query.get("relationshipName")
        found = [edge for (start, _), edge in self._state.relationships.items() if start == source]
        return web.json_response({"value": [e for e in found if wanted in (None, e["$relationshipName"])]})

    async def incoming(self, request: web.Request) -> web.Response:
        target, _ = self._twin(request)
        found = [edge for edge in self._state.relationships.values() if edge["$targetId"] == target]
        names = ("$relationshipId", "$sourceId", "$relationshipName")
        return web.json_response({"value": [{name: edge[name] for name in names} for edge in found]})

    async def delete_relationship(self, request: web.Request) -> web.Response:
        source, _ = self._twin(request)
        if self._state.relationships.pop((source, request.match_info["relationship"]), None) is None:
            raise _RefusedError(404, "RelationshipNotFound")
        return web.Response(status=204)

    async def query(self, request: web.Request) -> web.Response:
        body = await request.json()
        asked, first = body.get("query"), 0
        if token := body.get("continuationToken"):
            asked, first = json.loads(token)
        match = _QUERY.fullmatch(str(asked))
        if match is None:
            raise _RefusedError(400, "BadRequest", "the fake knows no such query")
        model = re.sub(r"\\(.)", r"\1", match["model"]) if match["model"] else None
        twins = [t for t in self._state.twins.values() if model in (None, t["$metadata"]["$model"])]
        more = json.dumps([asked, first + _PAGE]) if first + _PAGE < len(twins) else None
        return web.json_response({"value": twins[first : first + _PAGE], "continuationToken": more})


@contextmanager
def fake_digital_twins(certificates: Certificates) -> Iterator[FakeDigitalTwins]:
    """An instance at https://localhost."""
    state = FakeDigitalTwins()
    handlers = _Handlers(state)

    @web.middleware
    async def checked(request: web.Request, handler: Any) -> web.StreamResponse:
        state.requests.append(f"{request.method} {request.path}")
        try:
            if not request.headers.get("Authorization", "").startswith("Bearer "):
                raise _RefusedError(401, "Unauthorized")
            answer: web.StreamResponse = await handler(request)
        except _RefusedError as refused:
            error = {"code": refused.code, "message": str(refused)}
            return web.json_response({"error": error}, status=refused.status)
        return answer

    app = web.Application(middlewares=[checked])
    twin = "/digitaltwins/{twin}"
    app.router.add_route("GET", "/models", handlers.models)
    app.router.add_route("POST", "/models", handlers.models)
    app.router.add_put(twin, handlers.put_twin)
    app.router.add_get(twin, handlers.get_twin)
    app.router.add_patch(twin, handlers.patch_twin)
    app.router.add_delete(twin, handlers.delete_twin)
    app.router.add_get(twin + "/relationships", handlers.relationships)
    app.router.add_get(twin + "/incomingrelationships", handlers.incoming)
    app.router.add_put(twin + "/relationships/{relationship}", handlers.put_relationship)
    app.router.add_delete(twin + "/relationships/{relationship}", handlers.delete_relationship)
    app.router.add_post("/query", handlers.query)
    with serving(app, certificates.context()) as (_, port):
        state.url = f"https://localhost:{port}"
        yield state
