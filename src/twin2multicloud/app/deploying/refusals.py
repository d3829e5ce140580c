"""What deploying ends with where it is not done."""

from __future__ import annotations

from collections.abc import Mapping

from twin2multicloud.deployer.engine.outcome import StackOutcome
from twin2multicloud.model.errors import Twin2MultiCloudError


class NotDoneError(Twin2MultiCloudError):
    """What was to be done was not, or not whole; what exists has been told, and is in `outcomes` (exit code 7)."""

    exit_code = 7

    def __init__(self, outcomes: Mapping[str, StackOutcome]) -> None:
        self.outcomes = outcomes
        super().__init__(f"not done: {', '.join(name for name, outcome in outcomes.items() if not outcome.ok)}")


class DeclinedError(Twin2MultiCloudError):
    """Somebody was asked, and did not agree. Nothing was done (exit code 8)."""

    exit_code = 8


class HoldsDataError(Twin2MultiCloudError):
    """Stores hold data that nobody has agreed to lose; nothing was done (exit code 8)."""

    exit_code = 8
