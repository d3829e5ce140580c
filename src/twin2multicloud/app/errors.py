"""Errors of the management backend: each with its HTTP status, a name that programs can rely on, and an exit code.

Their text is for people: what happened, and what to do. The API tells them as problem+json, the client raises them
again on the other side, so that the command line ends the same with a server and without.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from twin2multicloud.model.errors import (
    Finding,
    InfeasibleError,
    InvalidInputError,
    PriceError,
    Twin2MultiCloudError,
    UsageError,
)


class BackendError(Twin2MultiCloudError):
    """Base of what the management backend refuses. `findings` name the fields, `details` are for programs."""

    exit_code: ClassVar[int] = 6
    status: ClassVar[int] = 500
    name: ClassVar[str] = "internal"

    def __init__(
        self, text: str, *, findings: Sequence[Finding] = (), details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(text)
        self.findings = tuple(findings)
        self.details = dict(details or {})


class InvalidError(BackendError):
    """What was sent is not acceptable (422; exit code 4)."""

    exit_code = 4
    status = 422
    name = "invalid"


class UnauthenticatedError(BackendError):
    """Nobody known is asking (401)."""

    status = 401
    name = "unauthenticated"


class ForbiddenError(BackendError):
    """Whoever asks may not do that (403)."""

    status = 403
    name = "forbidden"


class NotFoundError(BackendError):
    """There is no such thing, or whoever asks may not know of it (404)."""

    status = 404
    name = "not-found"


class ConflictError(BackendError):
    """It cannot be done as things are: another run is under way, a name is taken, resources still exist (409)."""

    status = 409
    name = "conflict"


class StaleError(BackendError):
    """Somebody else changed it meanwhile: look at it again (412)."""

    status = 412
    name = "stale"


class PreconditionRequiredError(BackendError):
    """A change must say what it was made from: If-Match with the ETag last seen (428)."""

    status = 428
    name = "precondition-required"


class TooLargeError(BackendError):
    """More was sent than is accepted (413)."""

    status = 413
    name = "too-large"


class TooManyError(BackendError):
    """Too many requests; `details["retry_after_s"]` says when to come again (429)."""

    status = 429
    name = "too-many-requests"


class UnavailableError(BackendError):
    """Something that is needed does not answer now (503)."""

    status = 503
    name = "unavailable"


class SignInRefusedError(ForbiddenError):
    """Somebody is not let in, or what a provider told of them does not hold (403)."""

    name = "sign-in-refused"


@dataclass(frozen=True)
class Refusal:
    """What programs are told of an error."""

    status: int
    name: str
    findings: tuple[Finding, ...]
    details: Mapping[str, Any]

    @property
    def type(self) -> str:
        """The problem's type, which programs can rely on."""
        return problem_type(self.name)


def problem_type(name: str) -> str:
    """A problem's type from its name."""
    return f"urn:twin2multicloud:problem:{name}"


def describe(error: Twin2MultiCloudError) -> Refusal:
    """How any error of ours is told: those of the model have their place here, too."""
    findings: tuple[Finding, ...] = ()
    if isinstance(error, BackendError):
        status, name, findings = error.status, error.name, error.findings
    elif isinstance(error, InvalidInputError):
        status, name, findings = 422, "invalid", error.findings
    elif isinstance(error, InfeasibleError):
        status, name = 422, "infeasible"
    elif isinstance(error, UsageError):
        status, name = 422, "unusable"
    elif isinstance(error, PriceError):
        status, name = 409, "prices"
    else:
        # Other errors of ours name a state that forbids it (a deployment that is busy, stores that hold data, …).
        status, name = 409, "refused"
    return Refusal(status, name, findings, error.details)
