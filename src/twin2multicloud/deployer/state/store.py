"""The interface to states: whatever keeps them honours it (`tests/engine/store_contract.py`)."""

from __future__ import annotations

from typing import Protocol

from twin2multicloud.deployer.state.records import Holder, LockRequest, StateLock, StateVersion


class StateStore(Protocol):
    """All versions of the states of all stacks, and their locks. Calls may come from any thread.

    A stack is named by a path such as `berlin/L3.hot`. Times come from the clock the store was given.
    """

    def stacks(self) -> list[str]:
        """The stacks that have a version or a lock, sorted."""
        ...

    def current(self, stack: str) -> StateVersion | None:
        """The newest version; None if there is none or it was deleted."""
        ...

    def content(self, stack: str, number: int | None = None) -> bytes:
        """The bytes of a version, by default the newest. `UnknownVersionError` without one, or if it was deleted."""
        ...

    def history(self, stack: str) -> list[StateVersion]:
        """All versions, the newest first."""
        ...

    def write(self, stack: str, content: bytes, *, lock_id: str, holder: Holder) -> StateVersion:
        """Add a version under a lock.

        `LockLostError` if the lock is not the stack's, `LineageError` if the state belongs to another history,
        `StaleVersionError` if its serial is below the newest, or equal with other content, `DocumentError` if it is no
        state. The same bytes as the newest version's add nothing.
        """
        ...

    def delete(self, stack: str, *, lock_id: str | None, holder: Holder) -> None:
        """Note that the state is gone; earlier versions stay. `LockedError` if somebody else has the lock."""
        ...

    def lock(self, stack: str, request: LockRequest, holder: Holder) -> StateLock:
        """Take the stack's lock, or `LockedError` with whoever has it."""
        ...

    def unlock(self, stack: str, lock_id: str) -> None:
        """Give a lock back. `LockLostError` if it is not the stack's; a stack without a lock is left as it is."""
        ...

    def break_lock(self, stack: str) -> StateLock | None:
        """Remove whatever lock there is and say which it was. Whoever had it can write no more."""
        ...

    def lock_of(self, stack: str) -> StateLock | None:
        """The lock, if there is one."""
        ...

    def roll_back(self, stack: str, number: int, holder: Holder) -> StateVersion:
        """Take an earlier version up again, as a new one with a higher serial and the same lineage.

        `LockedError` while somebody works on the stack, `UnknownVersionError` without such a version,
        `LineageError` if it belongs to an earlier history than the newest.
        """
        ...

    def prune(self, stack: str, keep: int) -> int:
        """Forget all but the newest `keep` (≥ 1) versions; how many were forgotten."""
        ...
