"""Lines that count once they are on record, whatever they are kept in."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

_TAIL: Final = 65_536


class Log(Protocol):
    """Lines that only become more. What a crash left of a line is none."""

    @property
    def name(self) -> str:
        """What a person finds it by."""

    def lines(self) -> list[bytes]:
        """All lines, without their ends."""

    def append(self, line: bytes) -> None:
        """Add one line; it is on record when this returns. `ValueError` if it would be more than one."""


class FileLog:
    """`Log` in a file that only its owner reads (0600), for several processes. Lines end with a line feed: what stands
    behind the last one was cut off, and is written over.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def name(self) -> str:
        """As `Log.name`: its path."""
        return str(self._file)

    def lines(self) -> list[bytes]:
        """As `Log.lines`."""
        try:
            content = self._file.read_bytes()
        except FileNotFoundError:
            return []
        return content.split(b"\n")[:-1]

    def append(self, line: bytes) -> None:
        """As `Log.append`."""
        if b"\n" in line:
            raise ValueError(f"{self.name}: a line has no line feed within: {line[:80]!r}")
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _opened(self._file, os.O_RDWR | os.O_CREAT) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # let go of when it is closed
            whole = _whole(descriptor)
            os.ftruncate(descriptor, whole)
            _write(descriptor, line + b"\n", whole)
            os.fsync(descriptor)
        if not whole:
            sync_directory(self._file.parent)


def sync_directory(directory: Path) -> None:
    """Have the names in a directory on the disk."""
    with _opened(directory, os.O_RDONLY) as descriptor:
        os.fsync(descriptor)


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    descriptor = os.open(path, flags, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _whole(descriptor: int) -> int:
    """How many bytes the whole lines of a file take."""
    end = os.fstat(descriptor).st_size
    while end:
        start = max(0, end - _TAIL)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _write(descriptor: int, content: bytes, offset: int) -> None:
    while content:
        written = os.pwrite(descriptor, content, offset)
        content, offset = content[written:], offset + written
