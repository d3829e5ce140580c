"""The meter book: every counter of a simulated cloud, safe to count in from any thread, kept over restarts."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any


class Cell:
    """One counter: a number to add to, or to set where it is a level."""

    __slots__ = ("_lock", "value")

    def __init__(self, lock: threading.Lock, value: float = 0.0) -> None:
        self._lock = lock
        self.value = value

    def add(self, amount: float) -> None:
        """Count `amount` more."""
        with self._lock:
            self.value += amount

    def set(self, level: float) -> None:
        """Set a level."""
        with self._lock:
            self.value = level

    def grow(self, level: float) -> None:
        """Set a level if it is higher than before."""
        with self._lock:
            self.value = max(self.value, level)


class MeterBook:
    """Counters by (name, component). A name with a provider's prefix is a meter and its amount is what the meter's
    rule made of the operations, in base quantities (counts, bytes, byte-seconds); any other name is a helper's.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cells: dict[tuple[str, str], Cell] = {}

    def cell(self, name: str, component: str) -> Cell:
        """The counter of that name and component, made on first use. Meters keep it, so that counting is one add."""
        with self._lock:
            key = (name, component)
            found = self._cells.get(key)
            if found is None:
                found = self._cells[key] = Cell(self._lock)
            return found

    def amounts(self) -> dict[tuple[str, str], float]:
        """All counters at this moment."""
        with self._lock:
            return {key: cell.value for key, cell in self._cells.items()}

    def of(self, component: str) -> dict[str, float]:
        """A component's counters by name."""
        with self._lock:
            return {name: cell.value for (name, owner), cell in self._cells.items() if owner == component}

    def __iter__(self) -> Iterator[tuple[tuple[str, str], float]]:
        return iter(self.amounts().items())

    def clear(self) -> None:
        """Forget every counter. Meters that were made before count on where nobody looks: make them anew."""
        with self._lock:
            self._cells.clear()

    def snapshot(self) -> str:
        """All counters as JSON: `{name: {component: amount}}`."""
        content: dict[str, dict[str, float]] = {}
        for (name, component), value in self.amounts().items():
            content.setdefault(name, {})[component] = value
        return json.dumps(content, separators=(",", ":"))

    def restore(self, content: str) -> None:
        """Set the counters of a snapshot; those it does not name stay. `ValueError` for what is no snapshot."""
        data = json.loads(content)
        rows = _rows(data)
        for name, component, value in rows:
            self.cell(name, component).set(value)

    def merge(self, amounts: Mapping[tuple[str, str], float]) -> None:
        """Add another book's counters, so that the clouds' books can be compared as one."""
        for (name, component), value in amounts.items():
            self.cell(name, component).add(value)


def _rows(data: Any) -> list[tuple[str, str, float]]:
    if not isinstance(data, dict) or not all(isinstance(by_component, dict) for by_component in data.values()):
        raise ValueError("a meter book's snapshot is {name: {component: amount}}")
    rows = [(n, c, v) for n, by_component in data.items() for c, v in by_component.items()]
    wrong = [v for _, _, v in rows if isinstance(v, bool) or not isinstance(v, int | float)]
    if wrong:
        raise ValueError(f"a meter book's snapshot counts in numbers, not {str(wrong[0])[:40]!r}")
    return [(name, component, float(value)) for name, component, value in rows]
