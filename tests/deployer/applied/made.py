"""Applied deployments, each made once for all workers of a test run. A `conftest.py` that imports `worlds` has them."""

from __future__ import annotations

import fcntl
import os
import pickle
from collections.abc import Callable
from functools import cache

import pytest

from tests.deployer.applied.applying import Applied, apply
from tests.deployer.applied.worlds import named

Worlds = Callable[[str], Applied]


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    """Applies a deployment by its name. Whoever asks for one that is being applied waits for it."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"alone-{os.getpid()}")
    shared = tmp_path_factory.getbasetemp().parent / f"applied-{run}"
    shared.mkdir(exist_ok=True)

    @cache
    def world(name: str) -> Applied:
        kept = shared / f"{name}.pickle"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                made = apply(named(name), tmp_path_factory.mktemp("stacks"))
                kept.write_bytes(pickle.dumps(made))
        found = pickle.loads(kept.read_bytes())
        assert isinstance(found, Applied)
        return found

    return world
