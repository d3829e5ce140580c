"""Where a simulated cloud's stores lie in its directory."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from twin2multicloud.model.slots import Slot
from twin2multicloud.moving.move import StoreKind

FILES: Final[Mapping[tuple[StoreKind, Slot], str]] = {
    (StoreKind.HOT, Slot.HOT): "hot.db",
    (StoreKind.OBJECTS, Slot.COOL): "cool",
    (StoreKind.OBJECTS, Slot.ARCHIVE): "archive",
    (StoreKind.GRAPH, Slot.MANAGEMENT): "graph.db",
    (StoreKind.STATES, Slot.PROCESSING): "rule-states.db",
}
"""What a store is called in its cloud's directory."""


def remove_store(path: Path) -> None:
    """Remove a store: a directory, or a file of SQLite with those beside it."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
