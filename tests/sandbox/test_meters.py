"""What a run was metered at, scaled to a month, is what the blueprint predicts for it: meter by meter, within 2 %.

Records live only seconds in each tier here, so that within a minute everything is in its steady state: devices send,
records turn cool, are archived and expire, all at once and at real speed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from tests.sandbox.rig import Rig
from tests.sandbox.twins import MONTH_S, placement_of, ring, small_twin
from twin2multicloud.blueprint.plan import Blueprint, blueprint_of
from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.slots import Slot
from twin2multicloud.model.spec import Retention
from twin2multicloud.optimizer.pricing.book import load_book
from twin2multicloud.sandbox.metering.calibrate import measured_assumptions
from twin2multicloud.sandbox.metering.compare import Comparison, compare
from twin2multicloud.sandbox.metering.observed import observed, replanned
from twin2multicloud.sandbox.metering.pace import EXACT_TO_SPEED
from twin2multicloud.sandbox.metering.window import Window

# One at a time: they measure rates, which others that keep every core busy disturb.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("measuring")]

DEVICES, RATE = 100, 100.0
HOT_S, COOL_S, ARCHIVE_S = 3.0, 6.0, 9.0
RUNS_PER_DAY = 172_800
"""Movers run twice a second."""
FILL_S, CALIBRATE_S = 13.0, 10.0
WINDOWS_S = (25.0, 50.0, 100.0)
"""How long is metered, each time after the last: longer where it does not agree yet. On a busy machine movers lag, so
that objects are larger for a while, and what lies between them at a window's edges is counted too early or too late; a
wrong formula stays wrong however long one looks.
"""

NOBODY_READS = (".get", ".read", ".class-b", ".retrieval")
"""People read old data now and then; nobody does in this run."""


def month_of(rig: Rig, window: Window, assumptions: Assumptions) -> Blueprint:
    """The blueprint of what ran in a window, at the pace and with the payload that were measured."""
    amounts = window.book.amounts()
    count, size = (amounts[f"payload-{what}", "L1/gateway"] for what in ("count", "bytes"))
    ran = small_twin(DEVICES)[1].model_copy(
        update={
            "message_interval_s": window.elapsed_s * DEVICES / count,
            "message_size_bytes": round(size / count),
            "hot_months": HOT_S / MONTH_S,
            "cool_months": COOL_S / MONTH_S,
            "archive_months": ARCHIVE_S / MONTH_S,
            "dashboard_hours_per_day": 0.0,
            "event_share": 0.0,
            "rules_per_message": 0.0,
        }
    )
    return blueprint_of(ran, rig.placement, assumptions)


def deviations(comparison: Comparison) -> list[str]:
    """The meters that are off, in words."""
    return [
        f"{row.meter}: predicted {row.usage.predicted:,.6g}, metered {row.usage.metered:,.6g}: "
        f"{[(part.component, part.usage.predicted, part.usage.metered) for part in row.components]}"
        for row in comparison.rows
        if row.verdict != "agrees" and not (row.verdict == "not exercised" and row.meter.endswith(NOBODY_READS))
    ]


@pytest.mark.parametrize(
    "clouds", [pytest.param(ring(0, 1), id="aws-azure-gcp"), pytest.param(ring(1, 2), id="azure-aws-gcp")]
)
def test_metered_is_predicted(clouds: Mapping[Slot, str] | str, tmp_path: Path) -> None:
    spec, workload = small_twin(DEVICES, retention=Retention(HOT_S, COOL_S, ARCHIVE_S), runs_per_day=RUNS_PER_DAY)
    quiet = workload.model_copy(update={"dashboard_hours_per_day": 0.0})
    rig = Rig(tmp_path / "s", spec, quiet, placement_of(clouds))
    rig.up()

    base = Assumptions(error_share=0.0, mover_runs_per_day=RUNS_PER_DAY)

    async def metered() -> Window:
        return Window.until_now(await asyncio.to_thread(rig.client.meters))

    async def measure() -> Comparison:
        count = int((FILL_S + CALIBRATE_S + sum(WINDOWS_S)) * 1.5 * RATE / DEVICES)
        sending = asyncio.create_task(rig.simulate(messages=count, interval_s=DEVICES / RATE))
        try:
            await asyncio.sleep(FILL_S)
            filled = await metered()
            await asyncio.sleep(CALIBRATE_S)
            calibrated = await metered()
            for length in WINDOWS_S:
                await asyncio.sleep(length)
                now = await metered()
                # Engineering figures (envelope, compression) come from one part, and are held against the next.
                first, second = calibrated.since(filled), now.since(calibrated)
                measured = measured_assumptions(month_of(rig, first, base), first.book)
                blueprint = month_of(rig, second, base.model_copy(update=measured))
                comparison = compare(blueprint, second.book, second.elapsed_s, load_book(None))
                if not deviations(comparison):
                    break
                filled, calibrated = calibrated, now
            return comparison
        finally:
            assert not sending.done(), "the devices were to send all the time"
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending

    try:
        comparison = asyncio.run(measure())
    finally:
        rig.down()
    assert len(comparison.agreeing) > 20
    found = "\n".join(deviations(comparison))
    assert not found, found


def test_a_quicker_clock_batches_alike(tmp_path: Path) -> None:
    """Windows of batches are the twin's seconds: while they were ours, there were 0.28 of the runs here."""
    spec, workload = small_twin(10)
    rig = Rig(tmp_path / "s", spec, workload.model_copy(update={"message_interval_s": 2}), placement_of(ring(0, 1)))
    rig.up(speed=EXACT_TO_SPEED)
    try:
        run = rig.run(messages=60, interval_s=2 / EXACT_TO_SPEED)
        rig.settle(len(run.ledger))
        window, planned = Window.until_now(rig.client.meters()), rig.client.blueprint
    finally:
        rig.down()
    seen = observed(window.book, window.elapsed_s)
    assert seen is not None
    found = compare(replanned(planned, seen), window.book, window.elapsed_s, load_book(None))
    ratios = {
        part.component: part.usage.ratio
        for row in found.rows
        if row.meter in ("aws.lambda.requests", "azure.functions.executions")
        for part in row.components
        if part.component in ("L1/telemetry-sender", "L2/process", "L2/persist-sender")
    }
    assert ratios == {name: pytest.approx(1.0, abs=0.15) for name in ratios}
    assert len(ratios) == 3
    assert found.hurried_share == 0.0
