"""Nothing lost, nothing doubled: for every directed pair of clouds on every link, and for each cloud alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.sandbox.rig import sandbox
from tests.sandbox.twins import MONTH_S, covering
from twin2multicloud.model.slots import Slot
from twin2multicloud.sandbox.verify import Verification

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("clouds", [pytest.param(clouds, id=name) for name, clouds in covering()])
def test_what_is_sent_is_stored_once_and_ages_and_every_hop_verifies(
    clouds: Mapping[Slot, str] | str, tmp_path: Path
) -> None:
    with sandbox(tmp_path / "s", clouds) as rig:
        run = rig.run(messages=10, interval_s=0.1)
        assert run.report.acked == run.report.sent == 200
        rig.settle(200)
        verification = Verification(rig.client)
        hops = verification.run()
        assert [hop for hop in hops if not hop.ok] == []
        assert len(hops) == 6
        # Then they turn cool and are archived, over the links that lead there: still each of them, once, unchanged.
        for months, tier in ((2, "cool"), (2, "archive")):
            rig.client.set_clock(jump=months * MONTH_S)
            rig.until_all_are(tier, 201)
        rig.check_exact([run], [verification.id])
