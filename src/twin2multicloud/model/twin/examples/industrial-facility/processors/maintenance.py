"""Called when the rule `bearing-wear` fires."""

from typing import Any


def act(alert: dict[str, Any]) -> None:
    """`alert` has rule, device, severity, time, message and the reading's values."""
    # Standard output is the function's log; a real twin would open a work order here.
    print(f"inspect the bearings of {alert['device']}: {alert['message']}")
