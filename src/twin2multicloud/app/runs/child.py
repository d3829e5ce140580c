"""The program of a stage's process: `python -m twin2multicloud.app.runs.child`, told on standard input what to do."""

from __future__ import annotations

import signal
import sys

from twin2multicloud.app.loading import one_task
from twin2multicloud.app.runs.exits import StageExit


def main() -> int:
    """Carry out the stage that standard input tells of."""
    # Interrupts before anything has begun are as good as those in between; loading takes most of that time.
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        from twin2multicloud.app.backend import open_backend
        from twin2multicloud.app.correlation import correlated
        from twin2multicloud.app.runs.stage import carry_out
        from twin2multicloud.app.runs.targets.find import find_target
        from twin2multicloud.app.runs.told import settings_of, told

        asked = told()
        with open_backend(settings_of(asked), checked_keys=asked.keys) as backend, correlated(asked.run):
            return carry_out(backend, asked.run, asked.stage, asked.attempt, find_target)
    except KeyboardInterrupt:
        return StageExit.INTERRUPTED


def _interrupted(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    with one_task():
        sys.exit(main())
