"""The rules that every store of states holds writers to."""

from __future__ import annotations

import hashlib

from twin2multicloud.deployer.state.document import StateDocument
from twin2multicloud.deployer.state.errors import (
    LineageError,
    LockLostError,
    StaleVersionError,
    StateError,
    UnknownVersionError,
)
from twin2multicloud.deployer.state.records import StateLock, StateVersion


def check_lock(stack: str, lock: StateLock | None, lock_id: str) -> None:
    """`LockLostError` unless the lock is the stack's."""
    if lock is None or lock.request.id != lock_id:
        now = "nobody has it now" if lock is None else lock.describe()
        raise LockLostError(f"{stack}: lock {lock_id or '(none)'} is not the stack's: {now}")


def check_follows(stack: str, document: StateDocument, newest: StateVersion) -> None:
    """`LineageError` or `StaleVersionError` unless a state can be the next after the newest."""
    if document.lineage != newest.lineage:
        raise LineageError(
            f"{stack}: lineage {document.lineage} is another history than the stored {newest.lineage}; "
            "writing it would orphan the stack's resources"
        )
    if document.serial <= newest.serial:
        raise StaleVersionError(
            f"{stack}: serial {document.serial} does not follow the stored {newest.serial}: "
            "the state has changed since; plan again"
        )


def serial_after(stack: str, number: int, document: StateDocument, newest: StateVersion | None) -> int:
    """The serial that an earlier version gets when it is taken up again; `LineageError` if it is of another history."""
    if newest is None or newest.lineage != document.lineage:
        raise LineageError(f"{stack}: version {number} has another lineage than the newest; choose a later one")
    return newest.serial + 1


def check_keep(stack: str, keep: int) -> None:
    """`StateError` unless at least one version is kept."""
    if keep < 1:
        raise StateError(f"keep: {keep} would forget the newest state of {stack}; keep at least 1")


def unknown_version(stack: str, number: int | None) -> UnknownVersionError:
    """What to say of a version, or of any, that is not there."""
    which = "no state" if number is None else f"no version {number}"
    return UnknownVersionError(f"{stack}: {which} in the store; `history` lists what there is")


def md5_of(content: bytes) -> str:
    """What Terraform sends along to tell contents apart."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
