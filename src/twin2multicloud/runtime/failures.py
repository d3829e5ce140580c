"""How the runtime's parts fail, and the error event each failure becomes."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

Severity = Literal["info", "warning", "error", "critical"]
Layer = Literal["L1", "L2", "L3", "L4", "L5"]


class ErrorKind(StrEnum):
    """What went wrong, one word per cause that a person would treat differently."""

    MALFORMED = "malformed"  # L1: not JSON, not an object, too large, no usable time
    UNKNOWN_DEVICE = "unknown-device"  # L1: a device the twin does not have
    DISCONNECTED = "disconnected"  # L1: a device's last will
    CLOCK_SKEW = "clock-skew"  # L1: a device's time lies ahead; the message is taken all the same
    INVALID = "invalid"  # L2: a field is missing, of the wrong type or out of range
    USER_CODE = "user-code"  # L2: a processor or a user function failed
    RULE_FAILED = "rule-failed"  # L2: a rule could not be evaluated
    ACTION_FAILED = "action-failed"  # L2: a command, webhook or function of a rule failed
    LINK_TIMEOUT = "link-timeout"  # a peer did not answer, or answered 5xx or 429
    LINK_REFUSED = "link-refused"  # a peer refused signature, time or content
    WRITE_FAILED = "write-failed"  # L3: a store refused or could not be reached
    QUOTA = "quota"  # L3: a store is full, or throttles
    GRAPH_FAILED = "graph-failed"  # L4: the twin graph refused or could not be reached
    READ_FAILED = "read-failed"  # L5: a query could not be answered
    INTERNAL = "internal"  # a defect of a handler, in whatever layer


class ErrorReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """The data of an error event. `component` is where it happened, `cloud` that component's provider.

    Repeats are folded by `fold_key` where errors are kept; an event by itself counts once.
    """

    layer: Layer
    severity: Severity
    kind: ErrorKind
    message: str
    component: str
    cloud: str = ""
    device: str = ""
    link: str = ""
    trace: str = ""

    @property
    def fold_key(self) -> str:
        """Reports with the same key are one error that repeats."""
        return "|".join((self.layer, self.kind, self.component, self.cloud, self.device, self.link))


class StoreError(Exception):
    """A store, queue, topic or graph refused or could not be reached; `quota` when it is full or throttles.

    Nothing of the call is to be relied upon: the caller retries the whole of it, which is harmless since every write
    is idempotent. `retry_after_s` is what the service asked for.
    """

    def __init__(self, message: str, *, quota: bool = False, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.quota = quota
        self.retry_after_s = retry_after_s


class ArchivedError(StoreError):
    """The object is there, but must be restored before it can be read, which takes hours."""


class RejectedError(Exception):
    """The content can never be accepted, however often it is sent: the dead-letter store is its place."""


class LinkError(Exception):
    """A POST to a peer did not succeed. `retryable`: the same batch may succeed later.

    `status` is the HTTP status, None when no answer came. `retry_after_s` is what the peer asked for.
    """

    def __init__(
        self, message: str, *, retryable: bool, status: int | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.status = status
        self.retry_after_s = retry_after_s


class DeviceOfflineError(Exception):
    """A command's device is not connected and its acquisition service keeps no commands for it."""


class HandlerError(Exception):
    """A batch could not be handled now and shall be delivered again; `report` says why.

    `patient`: however often it takes, as for our own stores and peers. Else it counts as poison after some attempts, as
    for a stranger's service that may never answer. `told`: the report has been given, while there still was hope.
    """

    def __init__(
        self, report: ErrorReport, *, retry_after_s: float | None = None, patient: bool = True, told: bool = False
    ) -> None:
        super().__init__(report.message)
        self.report = report
        self.retry_after_s = retry_after_s
        self.patient = patient
        self.reports: list[ErrorReport] = [] if told else [report]
        """What is to be told of it yet."""
