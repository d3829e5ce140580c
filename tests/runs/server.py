"""`python -m tests.runs.server JSON`: a server that carries out stages and is told what to do line by line."""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from twin2multicloud.app.runs.children import Command, Manners
from twin2multicloud.app.runs.durable import DurableStages, Pace
from twin2multicloud.app.runs.engine import Json

PACE = Pace(poll_s=0.05, watch_s=0.1, patience_s=0.3, claim_s=5.0, kept=timedelta(days=1))
MANNERS = Manners(grace_s=3.0)
PROGRAM = Path(__file__).with_name("program.py")


def stages(url: str, home: Path, executor_id: str = "one", **options: Any) -> DurableStages:
    """An engine whose stages write into `home/ledger`."""
    home.mkdir(exist_ok=True)
    ledger = home / "ledger"
    ledger.touch()

    def command(stage_id: str, payload: Json) -> Command:
        argv = [sys.executable, "-I", "-S", str(PROGRAM), str(ledger), stage_id]
        return Command(argv, dict(os.environ), json.dumps(payload).encode())

    return DurableStages(url, executor_id, home, command, **{"pace": PACE, "manners": MANNERS, **options})


def main() -> None:
    settings = json.loads(sys.argv[1])
    engine = stages(settings["url"], Path(settings["home"]), settings["executor_id"], parallel=settings["parallel"])
    engine.launch()
    print("ready", flush=True)
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        getattr(engine, name)(*arguments)
        print("done", flush=True)


if __name__ == "__main__":
    main()
