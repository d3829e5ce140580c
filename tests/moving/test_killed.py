"""The moving process is killed with SIGKILL wherever it keeps record; the move is resumed, and ends as any other."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.moving.rig import MovingRig, Sending, fill_all_tiers, moving
from tests.sandbox.twins import ring
from twin2multicloud.blueprint.plan import blueprint_json
from twin2multicloud.model.slots import Slot
from twin2multicloud.moving.steps import Step

pytestmark = pytest.mark.slow

BOUNDARIES = [f"{step.value} begun" for step in Step]
"""Where a step begins, the one before it has just ended."""
INSIDE = {
    Slot.HOT: [
        "copy 1 hot",
        "copy 2 hot",
        "hold done",
        "catch-up hot",
        "cut-over done",
        "verify hot#5",
        "destroy done",
    ],
    Slot.COOL: ["copy 1 objects (cool)"],
    Slot.MANAGEMENT: ["copy 1 graph", "verify graph"],
}
BETWEEN = {"azure": "gcp", "gcp": "aws", "aws": "azure"}


def kill_at(rig: MovingRig, slot: Slot, cloud: str, when: str) -> None:
    """Begin a move in a process that dies at that moment."""
    blueprint, placement = rig.after(slot, cloud)
    file = rig.layout.directory.parent / "after.json"
    file.write_text(json.dumps({"blueprint": blueprint_json(blueprint).decode(), "placement": placement}), "utf-8")
    command = [sys.executable, "-m", "tests.moving.mover_process", str(rig.layout.directory), when]
    done = subprocess.run([*command, slot.value, str(file)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, f"{when} was not reached: {done.stderr[-2000:]}"


@pytest.mark.parametrize(
    "slots",
    [
        pytest.param((Slot.HOT,), id="L3.hot"),
        pytest.param((Slot.PROCESSING, Slot.MANAGEMENT), id="L2, L4"),
        pytest.param((Slot.ACQUISITION, Slot.COOL, Slot.ARCHIVE, Slot.VISUALIZATION), id="L1, L3.cool, L3.archive, L5"),
    ],
)
def test_killed_anywhere_and_resumed(slots: tuple[Slot, ...], tmp_path: Path) -> None:
    """Each step's beginning is met by one of the slots, and by L3.hot all of them, and moments between."""
    moments = [(slots[n % len(slots)], when) for n, when in enumerate(BOUNDARIES)]
    moments += [(slot, when) for slot in slots for when in INSIDE.get(slot, ())]
    with moving(tmp_path / "s", ring(0, 1)) as rig:
        runs = fill_all_tiers(rig) if Slot.COOL in slots else []
        with Sending(rig) as sending:
            for slot, when in moments:
                kill_at(rig, slot, BETWEEN[rig.cloud_of(slot)], when)
                rig.resume()
                rig.check_left_nothing_behind()
        runs.append(sending.done)
        rig.settle(sum(len({entry.id for entry in run.ledger}) for run in runs))
        rig.check_exact(runs)
