"""What went wrong, as a screen says it: what happened, what it means field by field, and how to go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from twin2multicloud.app.client.http import DisconnectedError
from twin2multicloud.app.errors import BackendError, ForbiddenError, NotFoundError, StaleError, UnauthenticatedError
from twin2multicloud.app.ui.language import tr
from twin2multicloud.model.errors import Finding, Twin2MultiCloudError


@dataclass(frozen=True)
class Failure:
    """A failed call. `retry` whether the same may work later; `gone` whether what was asked for is not there."""

    title: str
    message: str
    findings: Sequence[Finding] = field(default=())
    retry: bool = True
    gone: bool = False
    stale: bool = False

    @classmethod
    def of(cls, error: Twin2MultiCloudError) -> Failure:
        """The failure that an error of the API is."""
        text = str(error)
        message = f"{text[:1].upper()}{text[1:]}"
        findings = tuple(error.findings) if isinstance(error, BackendError) else ()
        if isinstance(error, DisconnectedError):
            return cls(tr("The server cannot be reached"), message, findings)
        if isinstance(error, UnauthenticatedError):
            return cls(tr("You are signed out"), message, findings, retry=False)
        if isinstance(error, ForbiddenError):
            return cls(tr("That is not yours to do"), message, findings, retry=False)
        if isinstance(error, NotFoundError):
            return cls(tr("Not found"), message, findings, retry=False, gone=True)
        if isinstance(error, StaleError):
            return cls(tr("Somebody changed it meanwhile"), message, findings, stale=True)
        return cls(tr("That did not work"), message, findings)
