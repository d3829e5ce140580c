"""A move in a process of its own, which kills itself with SIGKILL as soon as something is on record.

    python -m tests.moving.mover_process DIRECTORY WHEN [SLOT AFTER]

Without SLOT and AFTER (a file with blueprint and placement) it resumes. WHEN is `WHAT` or `WHAT#2`: the second time.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path

from twin2multicloud.blueprint.plan import read_blueprint
from twin2multicloud.model.slots import Slot
from twin2multicloud.sandbox.layout import Layout
from twin2multicloud.sandbox.moving.session import SandboxMove


def main() -> None:
    layout, (what, _, number) = Layout(Path(sys.argv[1])), sys.argv[2].partition("#")
    times: Counter[str] = Counter()

    def took(happened: str) -> None:
        times[happened] += 1
        if happened == what and times[happened] == int(number or 1):
            os.kill(os.getpid(), signal.SIGKILL)

    with SandboxMove(layout, took=took) as session:
        if len(sys.argv) > 3:
            document = json.loads(Path(sys.argv[4]).read_text("utf-8"))
            session.begin(Slot(sys.argv[3]), read_blueprint(document["blueprint"]), document["placement"])
        else:
            session.resume()


if __name__ == "__main__":
    main()
