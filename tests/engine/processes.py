"""Which processes a test has left."""

from __future__ import annotations

import time
from pathlib import Path

from tests.patience import PATIENCE_S


def processes(root: Path) -> list[tuple[int, str]]:
    """The ids and command lines of processes whose directory is `root` or below it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink().is_relative_to(root):
                line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found.append((int(process.name), line))
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
    return found


def processes_in(root: Path) -> list[str]:
    """Their command lines only."""
    return [line for _, line in processes(root)]


def await_none_in(root: Path, patience_s: float = PATIENCE_S) -> None:
    """Wait until none is left; `AssertionError` names those that are."""
    deadline = time.monotonic() + patience_s
    while found := processes_in(root):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
