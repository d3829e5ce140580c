"""Every slot, from every cloud to every other, while devices send: what was sent is stored once, where it belongs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.moving.rig import Sending, fill_all_tiers, moving
from tests.sandbox.twins import ring
from twin2multicloud.model.slots import Slot

pytestmark = pytest.mark.slow

CLOUDS = ("aws", "azure", "gcp")
ONCE_ROUND = (1, 2, 0)
ALL_PAIRS = (1, 2, 0, 2, 1, 0)
"""Steps from where a slot is: each of the six directed pairs once, and back."""


@pytest.mark.parametrize(
    ("clouds", "steps"),
    [pytest.param(ring(0, 1), ALL_PAIRS, id="apart"), pytest.param("aws", ONCE_ROUND, id="neighbours")],
)
def test_every_slot_moves_between_all_clouds(
    clouds: Mapping[Slot, str] | str, steps: Sequence[int], tmp_path: Path
) -> None:
    with moving(tmp_path / "s", clouds) as rig:
        runs = fill_all_tiers(rig)
        before = rig.by_tier()
        with Sending(rig) as sending:
            for slot in Slot:
                first = CLOUDS.index(rig.cloud_of(slot))
                for step in steps:
                    report = rig.move(slot, CLOUDS[(first + step) % 3])
                    assert not report.aborted
                    rig.check_left_nothing_behind()
        runs.append(sending.done)
        rig.settle(sum(len({entry.id for entry in run.ledger}) for run in runs))
        after = rig.by_tier()
        assert {tier: after[tier] for tier in ("cool", "archive")} == {t: before[t] for t in ("cool", "archive")}
        assert before["cool"] > 0
        assert before["archive"] > 0
        assert [error for _, error in rig.client.errors()[0] if error.severity == "critical"] == []
        rig.check_exact(runs)
