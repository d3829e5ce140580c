"""Processes of this machine that belong to one bench: whatever its servers began inherits a mark."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MARK = "T2M_TEST_MARK"
"""A variable of the environment. Stages' processes are given it, as other settings of ours are, and pass it on."""


@dataclass(frozen=True)
class Process:
    """One that lives."""

    pid: int
    parent: int
    command: tuple[str, ...]

    @property
    def what(self) -> str:
        """Its module, as far as it is one of ours; else its program."""
        for name in ("sandbox.supervisor", "sandbox.cloud", "runs.child", "kill.server"):
            if any(word.endswith(name) for word in self.command):
                return name
        for word in self.command:
            if Path(word).name in ("leash.py", "supervise.py"):
                return Path(word).name
        return Path(self.command[0]).name if self.command else ""

    def of(self, directory: Path) -> bool:
        """Whether it was told of a directory."""
        return str(directory) in self.command


def marked(mark: str) -> list[Process]:
    """All that live and have the mark."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for directory in Path("/proc").iterdir():
        if not directory.name.isdigit():
            continue
        with suppress(OSError):
            if wanted not in (directory / "environ").read_bytes().split(b"\0"):
                continue
            state, parent = (directory / "stat").read_text().rpartition(")")[2].split()[:2]
            command = tuple((directory / "cmdline").read_bytes().decode().rstrip("\0").split("\0"))
            if state not in "ZX":
                found.append(Process(int(directory.name), int(parent), command))
    return found


def kill(processes: Iterable[Process]) -> None:
    """SIGKILL."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
