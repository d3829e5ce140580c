"""Where the backend keeps its data unless it is told otherwise. Nothing else: whoever only asks loads no settings."""

from __future__ import annotations

from pathlib import Path
from typing import Final

DEFAULT_DATA: Final = ".twin2multicloud/server"
"""The data directory."""
DATABASE_FILE: Final = "app.db"
"""The embedded database, within it."""
LOCK_FILE: Final = "server.lock"
"""Held by whoever serves, within it."""
KEY_FILE: Final = "local.key"
"""The local user's key for command lines, within it."""


def sandbox_directory(data: Path, twin_id: str) -> Path:
    """Where a twin's sandbox has its files."""
    return data / "sandboxes" / twin_id
