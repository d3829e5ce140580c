"""What exists in the clouds that a twin's rehearsal pretends, and what is known of it."""

from __future__ import annotations

from pathlib import Path

from tests.kill.bench import Bench
from twin2multicloud.app.services.homes import home_of_twin
from twin2multicloud.deployer.home import Home
from twin2multicloud.standin import World


class Pretended:
    """See above."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._world = World(home.world)

    @property
    def root(self) -> Path:
        return self._world.root

    @property
    def existing(self) -> int:
        """How many objects exist."""
        return sum(1 for _ in self.root.rglob("*.json"))

    @property
    def known(self) -> int:
        """How many the states list."""
        with self._home.store() as store:
            found = [store.current(stack) for stack in store.stacks()]
            return sum(each.resources or 0 for each in found if each is not None)

    def check_unlocked(self) -> None:
        """No state is locked."""
        with self._home.store() as store:
            assert [stack for stack in store.stacks() if store.lock_of(stack) is not None] == []


def pretended(bench: Bench, twin: str) -> Pretended:
    """Those of a twin."""
    return Pretended(home_of_twin(bench.site.backend, twin, "rehearsal"))
