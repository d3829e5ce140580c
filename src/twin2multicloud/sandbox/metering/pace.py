"""How fast a twin's clock may run for what is counted to be exact, and what is said of what is not."""

from __future__ import annotations

from typing import Final

EXACT_TO_SPEED: Final = 10.0
"""Of the twin's seconds in one of ours. Batches close by the twin's clock; at ten times our pace a window of a second
is a tenth of one here, and the milliseconds by which this machine is late begin to matter.
"""

ELAPSED: Final = "elapsed-s"
"""Counts the twin's seconds in which a cloud was running."""
HURRIED: Final = "hurried-s"
"""Counts those of them that passed at more than `EXACT_TO_SPEED`."""

_WORTH_TELLING: Final = 0.01


def pace_note(hurried_share: float) -> str:
    """What there is to know about figures of which such a share was counted too fast to be exact; "" for nothing."""
    if hurried_share < _WORTH_TELLING:
        return ""
    return (
        f"{hurried_share:.0%} of what was counted ran at more than {EXACT_TO_SPEED:g} times our pace: batches are "
        "fuller then than in the clouds, so runs of functions, POSTs and what hangs on them are counted too low; "
        f"up to --speed {EXACT_TO_SPEED:g} they are not"
    )
