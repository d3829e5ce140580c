"""Errors as problem+json (RFC 9457): every refusal names what was wrong with which field, and what to do."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import IntegrityError, OperationalError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from twin2multicloud.app.correlation import correlated, correlation_id
from twin2multicloud.app.errors import describe, problem_type
from twin2multicloud.app.schemas.problems import FieldProblem, Problem
from twin2multicloud.model.errors import Finding, Twin2MultiCloudError

MEDIA_TYPE: Final = "application/problem+json"
TITLES: Final = {
    400: "The request cannot be read",
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible here",
    409: "Not as things are",
    412: "Changed meanwhile",
    413: "Too large",
    421: "Another host was meant",
    422: "Not acceptable as it is",
    428: "A precondition is missing",
    429: "Too many requests",
    500: "A defect of ours",
    503: "Not available now",
}
_SECRET_FIELDS: Final = frozenset({"credentials", "authorization", "cookie", "code", "password", "secret", "token"})
_UNIQUE: Final = "23505"
_UNIQUE_LITE: Final = frozenset({"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"})
_LOG: Final = logging.getLogger("twin2multicloud.api")


def install(app: Starlette, absent: str = "") -> None:
    """Have the app tell all its errors so. `absent` is added for whoever asks for what there is not."""
    app.add_exception_handler(Twin2MultiCloudError, _ours)
    app.add_exception_handler(RequestValidationError, _request)
    app.add_exception_handler(HTTPException, partial(_http, absent))
    app.add_exception_handler(OperationalError, _database)
    app.add_exception_handler(IntegrityError, _integrity)
    app.add_exception_handler(Exception, _defect)


def response(
    status: int,
    name: str,
    detail: str,
    *,
    findings: Sequence[Finding] = (),
    details: dict[str, Any] | None = None,
    exit_code: int = 6,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """One problem as a response."""
    problem = Problem(
        type=problem_type(name),
        title=TITLES.get(status, "Not done"),
        status=status,
        detail=detail,
        correlation_id=correlation_id(),
        errors=[
            FieldProblem(field=each.field, problem=each.problem, value=each.value, line=each.line, column=each.column)
            for each in findings
        ],
        details=details or {},
        exit_code=exit_code,
    )
    return JSONResponse(_sound(problem.model_dump(exclude_none=True)), status, media_type=MEDIA_TYPE, headers=headers)


def _sound(told: Any) -> Any:
    """The same without what UTF-8 cannot say: halves of surrogates, which may come in by JSON's escapes."""
    if isinstance(told, str):
        return told.encode("utf-8", "backslashreplace").decode()
    if isinstance(told, dict):
        return {_sound(name): _sound(value) for name, value in told.items()}
    return [_sound(each) for each in told] if isinstance(told, list | tuple) else told


async def _ours(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Twin2MultiCloudError)
    told = describe(error)
    headers = {}
    if told.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if "retry_after_s" in told.details:
        headers["Retry-After"] = str(told.details["retry_after_s"])
    if told.status == 503:
        _LOG.warning("a request was put off: %s", error)
    elif told.status >= 500:
        _LOG.error("a request failed: %s", error, exc_info=error)
    return response(
        told.status,
        told.name,
        str(error),
        findings=told.findings,
        details=dict(told.details),
        exit_code=error.exit_code,
        headers=headers,
    )


async def _request(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    findings = [
        Finding(_field(each["loc"], error.body), str(each["msg"]).removeprefix("Value error, "), _value(each))
        for each in error.errors()[:50]
    ]
    told = "; ".join(str(each) for each in findings[:3])
    return response(422, "invalid", told, findings=findings, exit_code=4)


async def _http(absent: str, request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    told = str(error.detail)
    if error.status_code == 404 and absent:
        told = f"there is no {request.scope['path'][:80]} here: {absent}"
    names = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}
    return response(
        error.status_code,
        names.get(error.status_code, "refused"),
        told,
        headers=dict(error.headers) if error.headers else None,
    )


async def _database(_request: Request, error: Exception) -> JSONResponse:
    _LOG.error("the database does not answer", exc_info=error)
    return response(
        503, "unavailable", "the database does not answer now; try again in a moment", headers={"Retry-After": "2"}
    )


async def _integrity(request: Request, error: Exception) -> JSONResponse:
    """Services look before they write; what two do at the same moment only the database notices."""
    assert isinstance(error, IntegrityError)
    if getattr(error.orig, "sqlstate", None) == _UNIQUE or getattr(error.orig, "sqlite_errorname", "") in _UNIQUE_LITE:
        return response(
            409, "conflict", "somebody else has just made or changed the same thing; look at it again, then try again"
        )
    return await _defect(request, error)


async def _defect(request: Request, error: Exception) -> JSONResponse:
    found = request.scope.get("correlation_id", "-")
    with correlated(found):
        _LOG.error("a defect: %s", type(error).__name__, exc_info=error)
        return response(
            500,
            "internal",
            f"a defect of ours ({type(error).__name__}); the log tells more by the correlation id",
            exit_code=70,
            headers={"X-Correlation-Id": found},
        )


def _field(location: Sequence[Any], body: Any) -> str:
    """The dotted path of a field as it was sent: without "body", and without the tags of unions."""
    parts = list(location[1:] if location and location[0] in ("body", "query", "path", "header") else location)
    if not location or location[0] != "body":
        return ".".join(str(part) for part in parts)
    told, at = [], body
    for index, part in enumerate(parts):
        if isinstance(at, dict) and part not in at and index < len(parts) - 1:
            continue
        told.append(str(part))
        if isinstance(at, dict):
            at = at.get(part)
        elif isinstance(at, list) and isinstance(part, int) and part < len(at):
            at = at[part]
    return ".".join(told)


def _value(error: Mapping[str, Any]) -> str | None:
    """What was sent, where that cannot be a secret: also one that was put into a wrong field is not told."""
    value = error.get("input")
    if value is None or isinstance(value, dict | list | bytes):
        return None
    if error["type"] == "extra_forbidden" or not _SECRET_FIELDS.isdisjoint(error["loc"]):
        return None
    return repr(value)[:80]
