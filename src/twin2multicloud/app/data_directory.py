"""Where the backend keeps its data unless it is told otherwise. Nothing else: whoever only asks loads no settings."""

from __future__ import annotations

from typing import Final

DEFAULT_DATA: Final = ".twin2multicloud/server"
"""The data directory."""
DATABASE_FILE: Final = "app.db"
"""The embedded database, within it."""
LOCK_FILE: Final = "server.lock"
"""Held by whoever serves, within it."""
