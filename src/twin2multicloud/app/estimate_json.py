"""An estimate of a move as JSON."""

from __future__ import annotations

from typing import Any

import msgspec

from twin2multicloud.moving.estimate import Estimate


def estimate_json(found: Estimate) -> dict[str, Any]:
    """What programs read, and a run's plan keeps."""
    document: dict[str, Any] = msgspec.to_builtins(found)
    return {**document, "seconds": found.seconds, "usd": found.usd}
