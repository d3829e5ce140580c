"""What goes wrong while a slot moves: clouds that die, stores that refuse, a target that lies; and the way back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.moving.rig import MovingRig, Sending, moving
from tests.moving.test_killed import BETWEEN, kill_at
from tests.sandbox.rig import Run
from tests.sandbox.twins import ring
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot
from twin2multicloud.moving.driver import DriverError
from twin2multicloud.moving.move import Store
from twin2multicloud.moving.steps import VerificationError
from twin2multicloud.sandbox.faults import Fault, FaultKind
from twin2multicloud.sandbox.launch import Launched, launch
from twin2multicloud.sandbox.layout import Layout
from twin2multicloud.sandbox.locks import SandboxError
from twin2multicloud.sandbox.moving.driver import SandboxDriver
from twin2multicloud.sandbox.moving.remote import RemoteHotStore
from twin2multicloud.sandbox.moving.session import SandboxMove, under_way

pytestmark = pytest.mark.slow

PLACES = ring(0, 1)
"""L1 in AWS, L2 in Azure, L3.hot in GCP."""


class StopHereError(Exception):
    """The one who moves gives up at a moment of the test's choice."""


def once(when: str, act: Callable[[], None]) -> Callable[[str], None]:
    """Act the first time that something is on record."""
    done: list[str] = []

    def took(what: str) -> None:
        if what == when and not done:
            done.append(what)
            act()

    return took


def stop() -> None:
    raise StopHereError


def settled(rig: MovingRig, sending: Sending) -> None:
    rig.settle(len({entry.id for entry in sending.done.ledger}))
    rig.check_exact([sending.done])


def test_clouds_are_killed_at_every_stage(tmp_path: Path) -> None:
    """The source, the target and the one that sends, each while copying, while writers are held, after the cut-over."""
    moments = ("copy begun", "hold done", "cut-over begun", "verify begun")
    with moving(tmp_path / "s", PLACES) as rig:
        with Sending(rig) as sending:
            for number, when in enumerate((*moments, *moments[:2])):
                source = rig.cloud_of(Slot.HOT)
                target = BETWEEN[source]
                victim = (source, target, rig.cloud_of(Slot.PROCESSING))[number % 3]
                rig.move(Slot.HOT, target, took=once(when, partial(rig.client.kill, victim, 0.5)))
                rig.check_left_nothing_behind()
        settled(rig, sending)


def test_a_target_that_refuses_is_waited_for_and_in_the_end_left(tmp_path: Path) -> None:
    with moving(tmp_path / "s", PLACES) as rig:
        with Sending(rig) as sending:
            time.sleep(0.5)
            target = BETWEEN[rig.cloud_of(Slot.HOT)]

            def refuse() -> None:
                rig.client.inject(Fault(FaultKind.REFUSE_WRITES, "hot"), (target,))

            with pytest.raises(DriverError, match=r"copy: hot: writes are refused.*resume"):
                rig.move(Slot.HOT, target, took=once("copy begun", refuse), patience_s=0.5)
            # Nobody waits meanwhile: what is sent is stored at the source.
            stored = rig.by_tier()["hot"]
            time.sleep(0.7)
            assert rig.by_tier()["hot"] > stored
            rig.client.clear_faults()
            rig.resume()
            assert rig.cloud_of(Slot.HOT) == target
        settled(rig, sending)


def test_writers_go_on_when_the_last_copy_fails(tmp_path: Path) -> None:
    with moving(tmp_path / "s", PLACES) as rig:
        with Sending(rig) as sending:
            time.sleep(0.5)
            source, target = rig.cloud_of(Slot.HOT), BETWEEN[rig.cloud_of(Slot.HOT)]

            def refuse() -> None:
                rig.client.inject(Fault(FaultKind.REFUSE_WRITES, "hot"), (target,))

            with pytest.raises(DriverError, match="catch-up"):
                rig.move(Slot.HOT, target, took=once("catch-up begun", refuse), patience_s=0.3)
            time.sleep(0.7)
            assert [q.depth for q in rig.client.cloud_status("azure").queues if q.name == "intake"] == [0]
            rig.client.clear_faults()
            report = rig.abort()
            assert report.aborted
            assert rig.cloud_of(Slot.HOT) == source
            rig.check_left_nothing_behind()
        settled(rig, sending)


MOMENTS = {
    Slot.HOT: ("build done", "copy 1 hot", "catch-up done", "cut-over begun", "release done", "verify hot"),
    Slot.ACQUISITION: ("hold done", "release done"),
    Slot.PROCESSING: ("hold done", "release done"),
    Slot.MANAGEMENT: ("release done",),
    Slot.COOL: ("release done",),
    Slot.VISUALIZATION: ("hold done", "release done"),
}


def test_a_move_can_be_aborted_until_the_source_is_destroyed(tmp_path: Path) -> None:
    with moving(tmp_path / "s", PLACES) as rig:
        with Sending(rig) as sending:
            for slot, moments in MOMENTS.items():
                source = rig.cloud_of(slot)
                for when in moments:
                    with pytest.raises(StopHereError):
                        rig.move(slot, BETWEEN[source], took=once(when, stop))
                    time.sleep(0.2)  # after the cut-over, something is written at the target that has to come back
                    assert rig.abort().aborted
                    assert rig.cloud_of(slot) == source
                    rig.check_left_nothing_behind()
        settled(rig, sending)


def test_killed_while_aborting(tmp_path: Path) -> None:
    with moving(tmp_path / "s", PLACES) as rig:
        source = rig.cloud_of(Slot.HOT)
        with Sending(rig) as sending:
            for when in ("abort", "back cut-over begun", "back destroy begun"):
                with pytest.raises(StopHereError):
                    rig.move(Slot.HOT, BETWEEN[source], took=once("release done", stop))
                with pytest.raises(StopHereError):
                    rig.abort(took=once(when, stop))
                rig.resume()  # goes on with going back
                assert rig.cloud_of(Slot.HOT) == source
                rig.check_left_nothing_behind()
            kill_at(rig, Slot.HOT, BETWEEN[source], "destroy begun")
            with pytest.raises(UsageError, match="cannot be aborted any more"):
                rig.abort()
            rig.resume()
        settled(rig, sending)


class Forgetful(RemoteHotStore):
    """A stand-in for a store that acknowledges what it does not keep."""

    def put(self, events: object) -> None:
        del events


class BadDriver(SandboxDriver):
    """A driver whose target forgets."""

    def __init__(self, layout: Layout, target: str) -> None:
        super().__init__(layout)
        self._target = target

    def hot(self, store: Store) -> RemoteHotStore:
        kind = Forgetful if store.place.provider.value == self._target else RemoteHotStore
        return kind(self._caller(store))


def test_what_is_not_at_the_target_is_not_destroyed(tmp_path: Path) -> None:
    with moving(tmp_path / "s", PLACES) as rig:
        run = rig.run(messages=3, interval_s=0.05)
        rig.settle(36)
        source = rig.cloud_of(Slot.HOT)
        target = BETWEEN[source]
        with pytest.raises(
            VerificationError, match=r"hot: 36 of 36 items are not at the target.*Nothing was destroyed"
        ):
            rig.move(Slot.HOT, target, driver=BadDriver(rig.layout, target))
        assert (rig.layout.cloud(source) / "hot.db").exists()
        assert under_way(rig.layout) is not None
        assert rig.abort().aborted
        assert rig.cloud_of(Slot.HOT) == source
        rig.check_exact([run])


def test_the_sandbox_goes_down_and_up_in_the_middle(tmp_path: Path) -> None:
    """It comes up as the move has left it: both ends there, writers waiting, devices told the right address."""
    with moving(tmp_path / "s", PLACES) as rig:
        runs: list[Run] = []
        for slot in (Slot.HOT, Slot.ACQUISITION):
            target = BETWEEN[rig.cloud_of(slot)]
            with Sending(rig) as sending:
                with pytest.raises(StopHereError):
                    rig.move(slot, target, took=once("hold done", stop))
                rig.down()
                with pytest.raises(SandboxError, match="not running"):
                    rig.resume()
                assert launch(rig.layout, rig.twin) is Launched.STARTED
                time.sleep(0.5)
                changed = replace(rig.twin, sources={"other": "def process(reading, device):\n    return reading\n"})
                with pytest.raises(UsageError, match=r"has changed while .* is being moved"):
                    launch(rig.layout, changed)
                rig.resume()
            assert rig.cloud_of(slot) == target
            rig.check_left_nothing_behind()
            runs.append(sending.done)
        rig.settle(sum(len({entry.id for entry in run.ledger}) for run in runs))
        rig.check_exact(runs)


def test_a_move_that_is_none_is_refused(tmp_path: Path) -> None:
    with moving(tmp_path / "s", PLACES) as rig:
        with pytest.raises(UsageError, match="already"):
            rig.move(Slot.HOT, rig.cloud_of(Slot.HOT))
        with pytest.raises(UsageError, match="no move of this sandbox is under way"):
            rig.resume()
        blueprint, placement = rig.after(Slot.HOT, "aws")
        with (
            SandboxMove(rig.layout) as session,
            pytest.raises(UsageError, match=r"only L4 is moved, but L3\.hot would"),
        ):
            session.begin(Slot.MANAGEMENT, blueprint, placement)
        with pytest.raises(StopHereError):
            rig.move(Slot.HOT, "aws", took=once("copy begun", stop))
        with pytest.raises(UsageError, match="resume or abort it first"):
            rig.move(Slot.MANAGEMENT, "aws")
        rig.abort()
