"""Files that are held for as long as a process, or one that inherited the descriptor, lives.

An id of a process may be given to a stranger after its end; a held file tells the living from the dead, however they
died.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_TRIES: Final = 10
_BETWEEN_S: Final = 0.005
"""Somebody who only looks has the file for a moment, which is no reason to say that it is taken."""


class HeldFile:
    """An exclusive hold on a file. The system lets go of it when the last process that has it open ends."""

    def __init__(self, file: Path, descriptor: int) -> None:
        self.file = file
        self._descriptor = descriptor

    @classmethod
    def take(cls, file: Path) -> HeldFile | None:
        """Hold the file, making it if need be; None if somebody else does."""
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        for left in reversed(range(_TRIES)):
            if _taken(descriptor, fcntl.LOCK_EX):
                return cls.inherited(file, descriptor)
            if left:
                time.sleep(_BETWEEN_S)
        os.close(descriptor)
        return None

    @classmethod
    def inherited(cls, file: Path, descriptor: int) -> Self:
        """A file that is held already, by a descriptor that whoever began this process left it."""
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        return cls(file, descriptor)

    def fileno(self) -> int:
        """The descriptor, for a child that shall go on holding when this process is killed."""
        return self._descriptor

    def release(self) -> None:
        """Close ours; a child that inherited it still holds."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def is_held(file: Path) -> bool:
    """Whether a living process of this machine holds the file."""
    try:
        descriptor = os.open(file, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        # Shared: two who look at once must not take each other for a holder.
        return not _taken(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def holder_id(file: Path) -> int | None:
    """The process that wrote itself into the file when it took it; None if nobody has, or the file is gone."""
    try:
        text = file.read_text()
    except FileNotFoundError:
        return None
    return int(text) if text.isdigit() else None


def _taken(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
