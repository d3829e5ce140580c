"""How stages' processes end."""

from __future__ import annotations

from enum import IntEnum


class StageExit(IntEnum):
    """What a stage's process ends with. Anything else is a crash."""

    RECORDED = 0  # what it came to is in the database
    INTERRUPTED = 75  # nobody called the run off: it is to be begun again
