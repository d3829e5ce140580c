"""How a stack ended, as JSON: what commands print, and what runs keep and tell."""

from __future__ import annotations

from typing import Any

from twin2multicloud.deployer.engine.outcome import StackOutcome


def outcome_json(found: StackOutcome) -> dict[str, Any]:
    """An outcome for programs."""
    return {
        "status": found.status.value,
        "resources": None if found.resources is None else len(found.resources),
        "failures": [str(failure) for failure in found.failures],
        "elapsed_s": round(found.elapsed_s, 1),
        "reason": found.reason,
        "retryable": found.retryable,
    }
