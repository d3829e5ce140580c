"""Called when the rule `overload` fires."""

from typing import Any


def act(alert: dict[str, Any]) -> None:
    """`alert` has rule, device, severity, time, message and the reading's values."""
    # Standard output is the function's log; a real twin would call the electrician's system here.
    print(f"overload at {alert['device']}: {alert['message']}")
