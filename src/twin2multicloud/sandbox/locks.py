"""Locks that a process holds for as long as it lives: nobody else opens what it has open, even if it was orphaned."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Final, Self

from twin2multicloud.held import HeldFile, holder_id, is_held
from twin2multicloud.model.errors import Twin2MultiCloudError

_POLL_S: Final = 0.02


class SandboxError(Twin2MultiCloudError):
    """A sandbox that does not come up, or does not answer (exit code 6)."""

    exit_code = 6


class ProcessLock:
    """A held lock. Its file holds the process's id; the system frees it when the process ends, however it ends."""

    def __init__(self, file: Path, wait_s: float = 0.0) -> None:
        """Take it, waiting at most so long; `SandboxError` names who has it."""
        deadline = time.monotonic() + wait_s
        while (held := HeldFile.take(file)) is None:
            if time.monotonic() >= deadline:
                raise SandboxError(f"{file.parent} is in use by process {holder_id(file) or '(unknown)'}")
            time.sleep(_POLL_S)
        self._held = held

    @classmethod
    def inherited(cls, file: Path, descriptor: int) -> Self:
        """The lock that whoever began this process has handed over to it."""
        lock = cls.__new__(cls)
        lock._held = HeldFile.inherited(file, descriptor)
        return lock

    def hand_over(self) -> int:
        """Take our id out of the file, for a child that shall have the lock; the descriptor that it needs."""
        os.ftruncate(self._held.fileno(), 0)
        return self._held.fileno()

    def fileno(self) -> int:
        """The lock's descriptor."""
        return self._held.fileno()

    def release(self) -> None:
        """Let others have it."""
        self._held.release()

    def __enter__(self) -> ProcessLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def holder(file: Path) -> int | None:
    """The process that holds a lock; None if nobody does. 0: somebody who has not written its id yet."""
    return (holder_id(file) or 0) if is_held(file) else None


def await_release(file: Path, patience_s: float, *, kill: bool = False) -> bool:
    """Wait until nobody holds a lock; whether that came true. With `kill`, who still does after that is killed."""
    deadline = time.monotonic() + patience_s
    while holder(file) is not None:
        if time.monotonic() > deadline:
            if not kill or not signal_holder(file, signal.SIGKILL):
                return False
            kill, deadline = False, time.monotonic() + 5.0
        time.sleep(_POLL_S)
    return True


def signal_holder(file: Path, number: int) -> bool:
    """Send whoever holds a lock a signal; whether it was sent. Not to one that has not written its id yet.

    The id of a holder that was killed stays in the file, and the system gives it to a stranger in the end. Who still
    holds once we have a handle of the process is the process that the handle is of.
    """
    owner = holder(file)
    if not owner:
        return False
    if not hasattr(os, "pidfd_open"):  # no Linux
        os.kill(owner, number)
        return True
    try:
        handle = os.pidfd_open(owner)
    except ProcessLookupError:
        return False
    try:
        if holder(file) != owner:
            return False
        signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True
