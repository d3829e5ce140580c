"""What stages' programs wrote down about themselves, and helpers to wait for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.patience import PATIENCE_S
from tests.runs.program import alive


class Ledger:
    """The ledger below a server's home."""

    def __init__(self, home: Path) -> None:
        self._file = home / "ledger"

    def count(self, word: str, stage: str) -> int:
        return len(self._processes(word, stage))

    def wait(self, word: str, stage: str, times: int = 1) -> int:
        """Wait until the word is there so many times; the last one's process."""
        until(lambda: self.count(word, stage) >= times)
        return self._processes(word, stage)[times - 1]

    def is_in_order(self, stage: str) -> bool:
        """Whether the stage was done once, by one process at a time, and nothing of it is left."""
        begun = self._processes("begin", stage)
        return (
            self.count("end", stage) == 1
            and self.count("overlap", stage) == 0
            and not any(alive(process) for process in begun)
        )

    def text(self) -> str:
        return self._file.read_text()

    def _processes(self, word: str, stage: str) -> list[int]:
        if not self._file.exists():
            return []
        lines = [line.split() for line in self._file.read_text().splitlines()]
        return [int(line[2]) for line in lines if line[:2] == [word, stage]]


def until(condition: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
