"""What the store knows of a stack: its versions, and who works on it."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from twin2multicloud.held import is_held


class Liveness(StrEnum):
    """What is known of the process behind a lock."""

    ALIVE = "alive"
    DEAD = "dead"
    UNKNOWN = "unknown"  # on another machine, or not one of ours


class Holder(msgspec.Struct, frozen=True):
    """The run behind a request: `held` is the file that it holds while it lives, on the machine `host`."""

    run_id: str
    host: str
    process: int
    held: str | None = None

    def liveness(self) -> Liveness:
        """Whether the run still goes on, as far as this machine can tell."""
        if self.held is None or self.host != socket.gethostname():
            return Liveness.UNKNOWN
        return Liveness.ALIVE if is_held(Path(self.held)) else Liveness.DEAD


class LockRequest(msgspec.Struct, frozen=True, rename="pascal"):
    """What Terraform sends to LOCK and UNLOCK, and what it shows to whoever comes second."""

    id: str = msgspec.field(default="", name="ID")
    operation: str = ""
    info: str = ""
    who: str = ""
    version: str = ""
    created: str = ""
    path: str = ""


class StateLock(msgspec.Struct, frozen=True):
    """A lock on a stack. `since` counts seconds since 1970."""

    stack: str
    request: LockRequest
    holder: Holder
    since: float

    def describe(self) -> str:
        """Who holds it since when, and what to do about it."""
        since = datetime.fromtimestamp(self.since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        what = self.request.operation.removeprefix("OperationType").lower() or "an operation"
        text = (
            f"{self.stack} is locked by {self.request.who or 'somebody'} (run {self.holder.run_id}, process "
            f"{self.holder.process} on {self.holder.host}, {what}) since {since}, lock {self.request.id}"
        )
        match self.holder.liveness():
            case Liveness.DEAD:
                unlock = f"twin2multicloud states unlock {self.stack} {self.request.id}"
                return f"{text}. That run is dead: `{unlock}` breaks the lock"
            case Liveness.ALIVE:
                return f"{text}. That run is going on: wait for it, or stop it first"
            case Liveness.UNKNOWN:
                return f"{text}. Whether that run lives can be seen on {self.holder.host} only: look before you unlock"


class StateVersion(msgspec.Struct, frozen=True):
    """One version of a stack's state. `number` counts the store's versions of that stack from 1 without gaps.

    `created` counts seconds since 1970, `resources` the instances of managed resources, `md5` is that of the bytes in
    hexadecimal. A version whose `size` is 0 says that the state was deleted. `restored` is the number of the version
    that a rollback took up again.
    """

    stack: str
    number: int
    serial: int
    lineage: str
    md5: str
    size: int
    resources: int
    run_id: str
    created: float
    restored: int | None = None
