"""Processes that a bench's servers began, however far down, and whoever has died in between.

They are found by descent: a mark in their environment would not reach those that are given only what they need of it.
For that this process takes in those whose parents die (PR_SET_CHILD_SUBREAPER), as a service manager does.
"""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_REAP_EVERY_S = 0.05
_LOOKS = 3


@dataclass(frozen=True)
class Process:
    """One that lives."""

    pid: int
    parent: int
    command: tuple[str, ...]

    @property
    def what(self) -> str:
        """Its module, as far as it is one of ours; else its program."""
        for word in self.command:
            # What such a program begins is named behind it.
            if Path(word).name in ("leash.py", "supervise.py"):
                return Path(word).name
        for name in ("sandbox.supervisor", "sandbox.cloud", "runs.child", "kill.server"):
            if any(word.endswith(name) for word in self.command):
                return name
        return Path(self.command[0]).name if self.command else ""

    def of(self, directory: Path) -> bool:
        """Whether it was told of a directory."""
        return str(directory) in self.command


@dataclass(frozen=True)
class _Stat:
    """What the system tells of a process."""

    pid: int
    state: str
    parent: int
    session: int


class Kin:
    """All that is begun, while it lasts, in sessions other than this process's own, by it and by its `nursery`."""

    def __init__(self, nursery: int) -> None:
        _take_in(True)
        self._nursery = nursery
        self._strangers = {stat.pid for stat in _all() if stat.parent == os.getpid()}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._reap, daemon=True)
        self._thread.start()

    def living(self) -> list[Process]:
        """All that live."""
        found = []
        for stat in self._descendants():
            if stat.state in "ZX":
                continue
            with suppress(OSError):
                words = Path(f"/proc/{stat.pid}/cmdline").read_bytes().decode().rstrip("\0").split("\0")
                found.append(Process(stat.pid, stat.parent, tuple(words)))
        return found

    def close(self) -> None:
        """Take in nobody any more."""
        self._ended.set()
        self._thread.join()
        _take_in(False)

    def _descendants(self) -> Iterator[_Stat]:
        for _ in range(_LOOKS):
            stats = list(_all())
            # Whoever's parent is not there was just being taken in by us, unless we may not see the parent at all.
            if {stat.parent for stat in stats} <= {0, *(stat.pid for stat in stats)}:
                break
        children: dict[int, list[_Stat]] = {}
        for stat in stats:
            children.setdefault(stat.parent, []).append(stat)
        found = self._roots(children.get(os.getpid(), []) + children.get(self._nursery, []))
        while found:
            stat = found.pop()
            yield stat
            found += children.get(stat.pid, [])

    def _roots(self, children: Iterable[_Stat]) -> list[_Stat]:
        ours = os.getsid(0)
        return [stat for stat in children if stat.session != ours and stat.pid not in self._strangers]

    def _reap(self) -> None:
        """Whoever was taken in and has ended is to be gone, as where a service manager takes them in."""
        while not self._ended.wait(_REAP_EVERY_S):
            for stat in self._roots(stat for stat in _all() if stat.parent == os.getpid()):
                if stat.state == "Z":
                    os.waitpid(stat.pid, os.WNOHANG)


def _take_in(whether: bool) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, int(whether), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "this system lets nobody take in orphans")


def _all() -> Iterator[_Stat]:
    for directory in Path("/proc").iterdir():
        if directory.name.isdigit():
            with suppress(OSError):
                state, parent, _, session = (directory / "stat").read_text().rpartition(")")[2].split()[:4]
                yield _Stat(int(directory.name), state, int(parent), int(session))


def pending(pid: int, number: signal.Signals) -> bool:
    """Whether a process has been sent a signal that it has not met yet, being halted."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    found = [int(line.split()[1], 16) for line in lines if line.startswith(("SigPnd", "ShdPnd"))]
    return any(mask & 1 << number - 1 for mask in found)


def signal_all(processes: Iterable[Process], number: signal.Signals) -> None:
    """Send those that live a signal."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)


def kill(processes: Iterable[Process]) -> None:
    """SIGKILL."""
    signal_all(processes, signal.SIGKILL)
