"""`twins states` and `twins dead-letters` over a data directory, as somebody has them without a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.serving import Place
from tests.sandbox.rig import Rig
from tests.sandbox.twins import placement_of, small_twin
from twin2multicloud.runtime.adapters.local.dead_letters import LocalDeadLetters
from twin2multicloud.runtime.ports import DeadLetter
from twin2multicloud.sandbox.create import create

pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def rig(place: Place) -> Iterator[Rig]:
    """The sandbox of a twin that is kept, with two dead letters."""
    twin = place.done("twins", "create", place.twin, "--json").json["id"]
    made = Rig(place.data / "sandboxes" / twin, *small_twin(4), placement_of("aws"))
    create(made.layout, made.twin)
    letters = LocalDeadLetters(made.layout.cloud("aws") / "dead-letters.db")
    letters.put(
        [
            DeadLetter(f"{name}-one-two-three", "telemetry", "no number", b"{}", "2026-11-25T12:00:00Z", name)
            for name in ("meter-1", "meter-2")
        ]
    )
    letters.close()
    made.up()
    yield made
    made.down()


def test_dead_letters_of_a_kept_twin(place: Place, rig: Rig) -> None:
    assert place.done("twins", "states", "greenhouse").out.endswith("no states\n")
    listed = place.done("twins", "dead-letters", "list", "greenhouse").out
    assert "meter-1" in listed
    assert "no number" in listed
    shown = place.done("twins", "dead-letters", "show", "greenhouse", "meter-1").out
    assert "topic      telemetry" in shown
    assert place("twins", "dead-letters", "drop", "greenhouse").code == 2
    done = place.done("twins", "dead-letters", "drop", "greenhouse", "meter-1", "--json").json
    assert done == {"done": ["meter-1-one-two-three"], "kept": []}
    assert "1 dropped" in place.done("twins", "dead-letters", "drop", "greenhouse", "--all").err
    assert place.done("twins", "dead-letters", "list", "greenhouse", "--json").json == []
