"""Problems as the errors they were on the server, so that whoever calls need not know on which side it went wrong."""

from __future__ import annotations

from typing import Final

from pydantic import ValidationError

from twin2multicloud.app import errors
from twin2multicloud.app.errors import BackendError
from twin2multicloud.app.schemas.problems import Problem
from twin2multicloud.model.errors import Finding, InfeasibleError, PriceError, Twin2MultiCloudError, UsageError

_PREFIX: Final = "urn:twin2multicloud:problem:"
_BACKEND: Final[dict[str, type[BackendError]]] = {
    kind.name: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, BackendError) and kind is not BackendError
}
_MODEL: Final[dict[str, type[Twin2MultiCloudError]]] = {
    "infeasible": InfeasibleError,
    "unusable": UsageError,
    "prices": PriceError,
}


def error_of(status: int, body: bytes) -> Twin2MultiCloudError:
    """The error that an answer tells. One that is no problem of ours comes from something in between."""
    try:
        problem = Problem.model_validate_json(body)
    except ValidationError:
        return errors.UnavailableError(
            f"the server, or something before it, answered with status {status} and no reason; try again later"
        )
    name = problem.type.removeprefix(_PREFIX)
    if name in _MODEL:
        return _MODEL[name](problem.detail)
    kind = _BACKEND.get(name)
    if kind is None or kind.exit_code != problem.exit_code:
        # A class of the server's that this side has no name for: what it ends with is what counts.
        kind = type(
            "RefusedError",
            (kind or BackendError,),
            {"exit_code": problem.exit_code, "status": problem.status, "name": name},
        )
    detail = problem.detail
    if problem.status >= 500 and problem.correlation_id not in ("", "-"):
        detail = f"{detail} (correlation id {problem.correlation_id})"
    findings = [Finding(each.field, each.problem, each.value, each.line, each.column) for each in problem.errors]
    return kind(detail, findings=findings, details=problem.details)
