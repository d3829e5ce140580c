"""Every slot, from every cloud to every other, while devices send: what was sent is stored once, where it belongs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tests.moving.rig import MovingRig, Sending, moving
from tests.sandbox.rig import Run
from tests.sandbox.twins import MONTH_S, ring
from twin2multicloud.model.errors import UsageError
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


def fill_all_tiers(rig: MovingRig) -> list[Run]:
    """Records that are archived, and records that are cool; those to come are hot."""
    runs = []
    for seed, months in ((1, 4), (2, 2)):
        runs.append(rig.run(messages=3, interval_s=0.05, seed=seed))
        rig.settle(seed * 3 * len(rig.spec.device_names))
        rig.client.set_clock(jump=months * MONTH_S)
        for mover in ("to-cool-mover", "to-archive-mover", "lifecycle"):
            with suppress(UsageError):  # a lifecycle rule, or a mover: never both
                rig.client.run_now(mover)
        rig.client.set_clock(jump=-months * MONTH_S)
    return runs
