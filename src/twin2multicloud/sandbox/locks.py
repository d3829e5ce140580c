"""Locks that a process holds for as long as it lives: nobody else opens what it has open, even if it was orphaned."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from pathlib import Path
from typing import Final

from twin2multicloud.model.errors import Twin2MultiCloudError

_POLL_S: Final = 0.02


class SandboxError(Twin2MultiCloudError):
    """A sandbox that does not come up, or does not answer (exit code 6)."""

    exit_code = 6


class ProcessLock:
    """A held lock. Its file holds the process's id; the system frees it when the process ends, however it ends."""

    def __init__(self, file: Path, wait_s: float = 0.0) -> None:
        """Take it, waiting at most so long; `SandboxError` names who has it."""
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + wait_s
        while not _taken(self._descriptor):
            if time.monotonic() >= deadline:
                owner = _owner(self._descriptor)
                os.close(self._descriptor)
                raise SandboxError(f"{file.parent} is in use by process {owner or '(unknown)'}")
            time.sleep(_POLL_S)
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let others have it."""
        os.close(self._descriptor)

    def __enter__(self) -> ProcessLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def holder(file: Path) -> int | None:
    """The process that holds a lock; None if nobody does. 0: somebody who has not written its id yet."""
    try:
        descriptor = os.open(file, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        return None if _taken(descriptor) else _owner(descriptor)
    finally:
        os.close(descriptor)


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


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _owner(descriptor: int) -> int:
    text = os.pread(descriptor, 20, 0)
    return int(text) if text.isdigit() else 0
