"""Runs that several twins ask for at about the same time, while whoever carries them out is killed again and again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.kill.bench import Bench, Server
from tests.kill.processes import kill
from tests.thoroughness import often

_KINDS = ("server", "server", "server", "both", "both", "stages")
"""Who is killed: the server alone, stages' processes with it, or those alone."""
MOMENTS = often(8)
"""At how many moments of its runs a test has its killing meet them."""
_AGAIN = 0.5
_STARTING_S = 2.0
_MOST_STAGES = 2
"""So many times the processes of stages are killed under a living server: a stage that often ends so is given up."""


@dataclass
class Killer:
    """Kills at random moments, which a seed reproduces as far as the machine's own pace goes."""

    bench: Bench
    random: random.Random
    moments: int = 0
    """How often a run that was under way met with it."""
    server: Server | None = None

    def wave(self, asks: Sequence[Callable[[], str]], over_s: float, kills: int) -> list[str]:
        """Ask for runs and kill so many times, all at random within such a time; the runs, which have ended."""
        bench = self.bench
        asked = [self.random.uniform(0.0, 0.3 * over_s) for _ in asks]
        asked[0] = 0.0
        # Spread over the whole time, and within each stretch at random.
        stretch = 1.2 * over_s / max(kills, 1)
        killed = [stretch * (number + self.random.random()) for number in range(kills)]
        runs: list[str] = []
        left = _MOST_STAGES
        began = time.monotonic()
        actions = [*((moment, ask) for moment, ask in zip(asked, asks, strict=True)), *((at, None) for at in killed)]
        for moment, ask in sorted(actions, key=lambda action: action[0]):
            time.sleep(max(0.0, began + moment - time.monotonic()))
            if ask is not None:
                runs.append(ask())
                continue
            kind = self.random.choice(_KINDS)
            if kind == "stages":
                left -= 1
            self.moments += bench.unfinished(runs)
            self.strike(kind if left >= 0 else "both")
            if self.random.random() < _AGAIN:
                # While it starts, and takes up what the one before left.
                time.sleep(self.random.uniform(0.0, _STARTING_S))
                self.moments += bench.unfinished(runs)
                self.strike("server")
        for run in runs:
            bench.ended(run)
        bench.check_calm()
        for run in runs:
            bench.check_events(run)
        bench.check_nothing_claimed()
        bench.watcher.check()
        return runs

    def strike(self, kind: str) -> None:
        """Kill, and start anew what is to go on."""
        bench = self.bench
        stages = bench.processes("runs.child", "leash.py") if kind != "server" else []
        if kind != "stages" and self.server is not None:
            self.server.kill()
        kill(stages)
        if kind != "stages":
            self.server = bench.serve()
