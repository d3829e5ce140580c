"""The backend's time as a moment."""

from __future__ import annotations

from datetime import UTC, datetime

from twin2multicloud.app.backend import Backend


def utc_now(backend: Backend) -> datetime:
    """Now."""
    return datetime.fromtimestamp(backend.clock.now(), UTC)
