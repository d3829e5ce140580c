"""The topics of a twin's devices."""

from __future__ import annotations

from typing import Final

KINDS: Final = ("telemetry", "results", "state")
"""What a device publishes on its own topics: measurements, answers to commands, and its state (last will)."""


def device_topic(twin: str, device: str, kind: str) -> str:
    """The topic of a device for `kind`: one of `KINDS`, or "commands", which it subscribes to."""
    return f"dt/{twin}/{device}/{kind}"
