"""A twin that is deployed slot by slot: each comes up beside the others, and what waits for one comes through then."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.sandbox.rig import Rig, Run
from tests.sandbox.twins import MONTH_S, placement_of, ring, small_twin
from twin2multicloud.app.deploying.layering import destroy_slots
from twin2multicloud.app.deploying.refusals import HoldsDataError
from twin2multicloud.deployer.stacks import ORDER
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import SLOTS, Slot
from twin2multicloud.sandbox.client import NotDeployedError
from twin2multicloud.sandbox.launch import Launched, launch
from twin2multicloud.sandbox.layers import held
from twin2multicloud.sandbox.verify import Verification

pytestmark = pytest.mark.slow

PLACEMENTS = [
    pytest.param(clouds, id=name)
    for name, clouds in (("ring", ring(0, 1)), ("aws", "aws"), ("azure", "azure"), ("gcp", "gcp"))
]


@contextmanager
def unbuilt(directory: Path, clouds: Mapping[Slot, str] | str, devices: int = 8) -> Iterator[Rig]:
    """A twin of which nothing is deployed; down at the end."""
    twin, workload = small_twin(devices)
    rig = Rig(directory, twin, workload, placement_of(clouds))
    try:
        yield rig
    finally:
        rig.down()


def deployed(rig: Rig) -> set[str]:
    """The slots that processes say they have."""
    return {slot for cloud in rig.client.config.clouds for slot in rig.client.cloud_status(cloud).slots}


def pids(rig: Rig) -> dict[str, int | None]:
    return {process.cloud: process.pid for process in rig.client.status()[0].clouds}


@pytest.mark.parametrize("clouds", PLACEMENTS)
def test_slot_after_slot_comes_up_beside_the_others_which_run_on(
    clouds: Mapping[Slot, str] | str, tmp_path: Path
) -> None:
    with unbuilt(tmp_path / "s", clouds) as rig:
        before: dict[str, int | None] = {}
        for number in range(1, len(ORDER) + 1):
            wanted = ORDER[:number]
            assert launch(rig.layout, rig.twin, slots=wanted) is (Launched.CHANGED if number > 1 else Launched.STARTED)
            assert deployed(rig) == {slot.value for slot in wanted}
            whole, answering = rig.client.status()
            assert {place.slot for place in whole.placement} == deployed(rig)
            assert set(whole.missing) == {slot.value for slot in SLOTS if slot not in wanted}
            assert all(cloud.missing == whole.missing for cloud in answering.values())
            # A cloud without a slot has no process, and none is started anew.
            assert set(answering) == {rig.placement[slot].provider.value for slot in wanted}
            now = pids(rig)
            assert {cloud: now[cloud] for cloud in before} == before
            before = now
        assert [hop for hop in Verification(rig.client).run() if not hop.ok] == []


@pytest.mark.parametrize("clouds", PLACEMENTS)
def test_what_waits_for_a_slot_comes_through_once_it_is_deployed(
    clouds: Mapping[Slot, str] | str, tmp_path: Path
) -> None:
    with unbuilt(tmp_path / "s", clouds) as rig:
        launch(rig.layout, rig.twin, slots=[Slot.ACQUISITION])
        with pytest.raises(NotDeployedError, match=r"L2 \(Processing\) is not deployed yet; deploy it first"):
            rig.client.command("meter-000", "reset", {})
        runs = []
        for number in range(1, len(SLOTS)):
            runs.append(rig.run(messages=2, interval_s=0.05, seed=number))
            assert runs[-1].report.acked == runs[-1].report.sent == 16
            launch(rig.layout, rig.twin, slots=SLOTS[: number + 1])
        runs.append(rig.run(messages=2, interval_s=0.05, seed=99))
        rig.settle(16 * len(runs))
        # Twins know the latest of it all, too.
        verification = Verification(rig.client)
        assert [hop for hop in verification.run() if not hop.ok] == []
        assert [letter for _, letter in rig.client.dead_letters()] == []
        rig.check_exact(runs, [verification.id])


@pytest.mark.parametrize("clouds", PLACEMENTS[:2])
def test_what_goes_under_traffic_loses_nothing_and_comes_back(clouds: Mapping[Slot, str] | str, tmp_path: Path) -> None:
    with unbuilt(tmp_path / "s", clouds) as rig:
        launch(rig.layout, rig.twin)

        async def both() -> Run:
            sending = asyncio.create_task(rig.simulate(messages=40, interval_s=0.1))
            for slots in ([Slot.PROCESSING], [Slot.MANAGEMENT, Slot.PROCESSING], [Slot.ACQUISITION]):
                await asyncio.sleep(0.5)
                await asyncio.to_thread(destroy_slots, rig.layout, slots)
                assert deployed(rig) == {slot.value for slot in SLOTS if slot not in slots}
                await asyncio.sleep(0.3)
                await asyncio.to_thread(launch, rig.layout, rig.twin, slots=SLOTS)
            return await sending

        run = asyncio.run(both())
        assert run.report.acked == run.report.sent == 320
        rig.settle(320)
        assert [letter for _, letter in rig.client.dead_letters()] == []
        rig.check_exact([run])


def test_what_cannot_come_through_keeps_its_slot_unless_it_is_discarded(tmp_path: Path) -> None:
    with unbuilt(tmp_path / "s", ring(0, 1)) as rig:
        launch(rig.layout, rig.twin, slots=[Slot.ACQUISITION, Slot.PROCESSING])
        run = rig.run(messages=2, interval_s=0.05)
        with pytest.raises(HoldsDataError, match=r"L2: [\d,]+ messages on the way"):
            destroy_slots(rig.layout, [Slot.PROCESSING])
        assert deployed(rig) == {"L1", "L2"}
        # It takes what comes, as before.
        again = rig.run(messages=2, interval_s=0.05, seed=2)
        launch(rig.layout, rig.twin, slots=SLOTS)
        rig.settle(32)
        launch(rig.layout, rig.twin, slots=[Slot.ACQUISITION, Slot.HOT])
        lost = rig.run(messages=2, interval_s=0.05, seed=3)
        assert lost.report.acked == 16
        destroy_slots(rig.layout, [Slot.ACQUISITION], discard_data=True)
        assert set(rig.client.config.clouds) == {"gcp"}
        launch(rig.layout, rig.twin, slots=SLOTS)
        verification = Verification(rig.client)
        assert [hop for hop in verification.run() if not hop.ok] == []
        rig.check_exact([run, again], [verification.id])


def test_stores_go_with_their_slot_and_a_shared_bucket_keeps_what_is_of_the_other_tier(tmp_path: Path) -> None:
    with unbuilt(tmp_path / "s", "aws") as rig:
        launch(rig.layout, rig.twin)
        run = rig.run(messages=4, interval_s=0.05)
        rig.settle(32)
        rig.client.set_clock(jump=2 * MONTH_S)
        rig.until_all_are("cool", 32)
        with pytest.raises(HoldsDataError, match=r"L3.cool: \d+ objects?\)"):
            destroy_slots(rig.layout, [Slot.COOL, Slot.HOT])
        assert deployed(rig) == {slot.value for slot in SLOTS}
        # Without the tier after it, none is archived, however old.
        destroy_slots(rig.layout, [Slot.ARCHIVE])
        rig.client.set_clock(jump=2 * MONTH_S)
        with pytest.raises(UsageError, match="no cloud has a scheduled function"):
            rig.client.run_now("lifecycle")
        launch(rig.layout, rig.twin, slots=SLOTS)
        rig.client.run_now("lifecycle")
        rig.until_all_are("archive", 32)
        destroy_slots(rig.layout, [Slot.COOL])
        assert held(rig.layout) == {Slot.ARCHIVE: held(rig.layout)[Slot.ARCHIVE]}
        launch(rig.layout, rig.twin, slots=SLOTS)
        rig.until_all_are("archive", 32)
        rig.check_exact([run])
        destroy_slots(rig.layout, [Slot.ARCHIVE], discard_data=True)  # also while it is down
        assert held(rig.layout) == {}
