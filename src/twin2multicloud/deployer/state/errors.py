"""What the state store refuses, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin2multicloud.model.errors import Twin2MultiCloudError

if TYPE_CHECKING:
    from twin2multicloud.deployer.state.records import StateLock


class StateError(Twin2MultiCloudError):
    """The state of a stack cannot be read or written (exit code 8)."""

    exit_code = 8


class LockedError(StateError):
    """Somebody else works on the stack. `lock` says who, since when and whether that somebody still lives."""

    def __init__(self, lock: StateLock) -> None:
        self.lock = lock
        super().__init__(lock.describe())


class LockLostError(StateError):
    """A write with a lock that is not, or no longer, the stack's: somebody broke it while the run was going on."""


class StaleVersionError(StateError):
    """A write whose serial does not follow the newest version's: it was made from an older state."""


class LineageError(StateError):
    """A write that belongs to another history of the stack: other resources, which it would orphan."""


class UnknownVersionError(StateError):
    """A version, or a stack, that the store does not have."""


class DocumentError(StateError):
    """Bytes that are no Terraform state of a known format."""
