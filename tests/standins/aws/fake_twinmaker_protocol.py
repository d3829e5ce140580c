"""What the fake of IoT TwinMaker speaks: the REST paths and the rules of the service model that botocore brings."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import botocore.session  # type: ignore[import-untyped]

Answer = Callable[[str, str, str, bytes], dict[str, Any]]
"""A request's result, of its method, path, Authorization header and body."""

OPERATIONS = (
    "CreateWorkspace",
    "CreateComponentType",
    "GetComponentType",
    "ListComponentTypes",
    "DeleteComponentType",
    "CreateEntity",
    "GetEntity",
    "UpdateEntity",
    "DeleteEntity",
    "ListEntities",
    "BatchPutPropertyValues",
    "GetPropertyValueHistory",
)
_STATUS = {
    "ValidationException": 400,
    "ResourceNotFoundException": 404,
    "ConflictException": 409,
    "ThrottlingException": 429,
    "ServiceQuotaExceededException": 402,
    "AccessDeniedException": 403,
    "InternalServerException": 500,
    "ConnectorFailureException": 424,
}


class ServiceError(Exception):
    """What the service answers instead of a result."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_request(method: str, target: str, authorization: str, body: bytes) -> tuple[str, dict[str, Any]]:
    """The operation and its members, held to the service model; `ServiceError` if it is none."""
    where = urlsplit(target)
    for name, verb, pattern, shape in _ROUTES:
        match = pattern.fullmatch(where.path)
        if match is None or verb != method:
            continue
        if not authorization.startswith("AWS4-HMAC-SHA256 "):
            raise ServiceError("AccessDeniedException", "the request is not signed")
        request = json.loads(body) if body else {}
        request |= {key: unquote(value) for key, value in match.groupdict().items()}
        request |= {key: values[0] for key, values in parse_qs(where.query).items() if key != "isRecursive"}
        check(shape, request, "")
        return name, request
    raise ServiceError("ValidationException", f"the fake does not know {method} {where.path}")


def check(shape: Any, value: Any, path: str) -> None:
    """Hold a value to the service model."""

    def wrong(text: str) -> None:
        raise ServiceError("ValidationException", f"{path or 'request'}: {text}")

    limits = shape.metadata
    if shape.type_name == "structure":
        for name in shape.required_members:
            if name not in value:
                wrong(f"{name} is missing")
        for name, each in value.items():
            member = next((m for key, m in shape.members.items() if m.serialization.get("name", key) == name), None)
            if member is not None:
                check(member, each, f"{path}.{name}")
    elif shape.type_name == "map":
        if not limits.get("min", 0) <= len(value) <= limits.get("max", math.inf):
            wrong(f"has {len(value)} members")
        for name, each in value.items():
            check(shape.key, name, f"{path}.{name}")
            check(shape.value, each, f"{path}.{name}")
    elif shape.type_name == "list":
        if not limits.get("min", 0) <= len(value) <= limits.get("max", math.inf):
            wrong(f"has {len(value)} members; {limits.get('min', 0)} to {limits.get('max')} are allowed")
        for number, each in enumerate(value):
            check(shape.member, each, f"{path}[{number}]")
    elif shape.type_name == "string":
        if not isinstance(value, str) or not limits.get("min", 0) <= len(value) <= limits.get("max", math.inf):
            wrong(f"has the wrong length: {str(value)[:40]!r}")
        if shape.enum and value not in shape.enum:
            wrong(f"{value!r} is not one of {shape.enum}")
        pattern = _pattern(shape)
        if pattern is not None and not re.fullmatch(pattern, value):
            wrong(f"{value!r} does not match {pattern}")
    elif shape.type_name == "boolean" and not isinstance(value, bool):
        wrong("is not true or false")
    elif shape.type_name in ("integer", "long", "double", "float"):
        whole = shape.type_name in ("integer", "long")
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            wrong(f"{value!r} is no {shape.type_name}")
        bits = {"integer": 31, "long": 63}.get(shape.type_name)
        if bits is not None and not -(2**bits) <= value < 2**bits:
            wrong(f"{value!r} has more bits than a {shape.type_name}")


_MODEL = botocore.session.Session().get_service_model("iottwinmaker")
_SHAPES = _MODEL._shape_resolver._shape_map  # where botocore keeps the patterns, which its shapes leave out


def _pattern(shape: Any) -> str | None:
    found: str | None = _SHAPES[shape.name].get("pattern")
    return found


def _routes() -> list[tuple[str, str, re.Pattern[str], Any]]:
    routes = []
    for name in OPERATIONS:
        operation = _MODEL.operation_model(name)
        path = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", operation.http["requestUri"])
        routes.append((name, operation.http["method"], re.compile(path), operation.input_shape))
    return routes


_ROUTES = _routes()


def handler(answer_to: Answer) -> type[BaseHTTPRequestHandler]:
    """The HTTP side of a fake: JSON in, JSON out, errors as the service writes them."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, code, answer = 200, "", {}
            try:
                answer = answer_to(self.command, self.path, self.headers.get("authorization", ""), body)
            except ServiceError as error:
                status, code, answer = _STATUS[error.code], error.code, {"message": str(error)}
            content = json.dumps(answer).encode()
            head = f"HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n"
            head += f"x-amzn-errortype: {code}\r\n\r\n" if code else "\r\n"
            self.wfile.write(head.encode() + content)

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815  the names that http.server calls

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: requests are counted instead."""

    return Handler
