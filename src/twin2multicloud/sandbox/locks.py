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
    """Wait until nobody holds a lock; whether that came true. With `kill`, who still does after that is killed.

    The id in the file is that of a live process of ours as long as the lock is held: no stranger is hit.
    """
    deadline = time.monotonic() + patience_s
    while (owner := holder(file)) is not None:
        if time.monotonic() > deadline:
            if not kill or not owner:
                return False
            os.kill(owner, signal.SIGKILL)
            kill, deadline = False, time.monotonic() + 5.0
        time.sleep(_POLL_S)
    return True
