"""Called when the rule `board-overloaded` fires."""

from typing import Any


def act(alert: dict[str, Any]) -> None:
    """`alert` has rule, device, severity, time, message and the reading's values."""
    # Standard output is the function's log; a real twin would tell the building's engineer here.
    print(f"look after {alert['device']}: {alert['message']}")
