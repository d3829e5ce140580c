"""What goes along when a slot moves: what rules remember, dead letters, alerts, commands that wait for devices."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.moving.rig import MovingRig, moving
from tests.patience import PATIENCE_S
from tests.sandbox.twins import MONTH_S, ring
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot
from twin2multicloud.model.spec import Rule
from twin2multicloud.runtime.times import to_time
from twin2multicloud.sandbox.create import start, stop
from twin2multicloud.sandbox.launch import Launched, launch
from twin2multicloud.sandbox.probe import connect
from twin2multicloud.sandbox.verify import Verification

pytestmark = pytest.mark.slow

RULES = (
    Rule("hot", "meter", "temperature > 100", clear="temperature < 90"),
    Rule("hot for long", "meter", "temperature > 100", for_s=60.0),
)


class Device:
    """A device that sends what the test says, when the test says it was measured."""

    def __init__(self, rig: MovingRig, name: str = "meter-001") -> None:
        self._rig = rig
        self._name = name
        self._at = time.time() - 600

    def measures(self, temperature: float, after_s: float = 1.0) -> None:
        self._at += after_s
        values = {"temperature": temperature, "pressure": 1.0, "count": 1, "open": False, "label": ""}
        probe = connect(self._rig.layout.connection(), self._name)
        try:
            probe.send(json.dumps({"time": to_time(self._at), **values}).encode())
        finally:
            probe.close()


def until(found: Callable[[], Any], wanted: Any, timeout_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + timeout_s
    while (seen := found()) != wanted:
        assert time.monotonic() < deadline, f"{seen} instead of {wanted}"
        time.sleep(0.05)


def alerts(rig: MovingRig) -> list[tuple[str, bool]]:
    return [(alert["rule"], alert["active"]) for alert in rig.client.alerts()]


@pytest.mark.parametrize("places", [pytest.param("aws", id="neighbours"), pytest.param(ring(0, 1), id="apart")])
def test_rules_neither_forget_nor_fire_twice_and_letters_go_along(places: Any, tmp_path: Path) -> None:
    with moving(tmp_path / "s", places, rules=RULES) as rig:
        device = Device(rig)
        device.measures(120.0)
        until(lambda: alerts(rig), [("hot", True)])
        device.measures(1000.0)  # out of range
        until(lambda: len(list(rig.client.dead_letters())), 1)
        ((_, letter),) = rig.client.dead_letters()

        for cloud in ("gcp", "azure"):
            source = rig.cloud_of(Slot.PROCESSING)
            report = rig.move(Slot.PROCESSING, "aws" if source == cloud else cloud)
            assert {v.name: v.items for v in report.verified} == {"dead letters": 1, "rule states": 2}
            assert report.carried == 1
            assert alerts(rig) == [("hot", True)]
            ((where, kept),) = rig.client.dead_letters()
            assert (where, kept) == (rig.cloud_of(Slot.PROCESSING), letter)
            device.measures(121.0)  # still hot: that is known
        device.measures(122.0, after_s=120.0)  # and since when
        until(lambda: alerts(rig), [("hot", True), ("hot for long", True)])
        device.measures(20.0)
        until(lambda: sorted(alerts(rig)[2:]), [("hot", False), ("hot for long", False)])

        answer = rig.client.replay(all=True)
        assert answer["replayed"] == [letter["id"]]
        until(lambda: [found["id"] for _, found in rig.client.dead_letters()], [letter["id"]])  # as bad as ever


def test_commands_wait_for_their_devices_wherever_those_connect(tmp_path: Path) -> None:
    with moving(tmp_path / "s", ring(0, 1)) as rig:
        for cloud in ("gcp", "azure"):
            sent = rig.client.command("meter-001", "reset", {"hard": True})
            until(lambda: waiting(rig), 1)
            report = rig.move(Slot.ACQUISITION, cloud)
            assert report.carried == 1
            probe = connect(rig.layout.connection(), "meter-001")
            try:
                if cloud == "gcp":  # who has no connection hears of it when he sends
                    probe.send(b'{"temperature": 1}')
                taken = probe.command(10.0)
            finally:
                probe.close()
            assert taken is not None
            assert taken["id"] == sent
            assert waiting(rig) == 0


def test_a_command_of_the_last_moment_goes_along(tmp_path: Path) -> None:
    """Sent when all that waited had been brought over, and before L1 was cut over."""
    with moving(tmp_path / "s", ring(0, 1)) as rig:
        source = rig.cloud_of(Slot.ACQUISITION)

        def send(what: str) -> None:
            if what == "catch-up done":
                rig.client.command("meter-001", "reset", {})
                until(lambda: len(rig.client.request(source, "GET", "/control/move/commands")), 1)

        rig.move(Slot.ACQUISITION, "gcp", took=send)
        assert waiting(rig) == 1


def test_what_l1_could_not_hand_over_goes_along_and_can_be_replayed(tmp_path: Path) -> None:
    """Also when L1 has become the neighbour of L2 by then, so that the queue it came from is gone."""
    with moving(tmp_path / "s", ring(0, 1)) as rig:
        probe = connect(rig.layout.connection(), "meter-001")
        probe.send(b"no JSON at all")
        probe.close()
        until(lambda: len(list(rig.client.dead_letters())), 1)
        ((where, letter),) = rig.client.dead_letters()
        assert where == "aws"
        report = rig.move(Slot.ACQUISITION, "azure")
        assert [(v.name, v.items) for v in report.verified] == [("dead letters", 1)]
        assert list(rig.client.dead_letters()) == [("azure", letter)]
        assert rig.client.replay(all=True)["replayed"] == [letter["id"]]
        until(lambda: [found["component"] for _, found in rig.client.dead_letters()], ["process"])


def test_keys_are_not_rotated_while_links_are_rewired(tmp_path: Path) -> None:
    with moving(tmp_path / "s", ring(0, 1)) as rig:
        refused = []

        def rotate(what: str) -> None:
            if what == "copy begun":
                with pytest.raises(UsageError, match="under way"):
                    rig.client.rotate_keys()
                refused.append(what)

        rig.move(Slot.HOT, "azure", took=rotate)
        assert refused
        assert rig.client.rotate_keys(sleep=lambda _seconds: None) > 0
        # Who was an end of a link before the move is none of the new one: each key has one sender and one receiver.
        documents = [rig.client.request(cloud, "GET", "/control/links") for cloud in rig.client.config.clouds]
        accepted = [key["id"] for document in documents for keys in document["into"].values() for key in keys]
        signing = [peer["keys"][0]["id"] for document in documents for peer in document["out"].values()]
        assert sorted(accepted) == sorted(signing)


def waiting(rig: MovingRig) -> int:
    return len(rig.client.request(rig.cloud_of(Slot.ACQUISITION), "GET", "/control/move/commands"))


def test_afterwards_all_is_as_if_it_had_been_there_from_the_beginning(tmp_path: Path) -> None:
    """Every hop works, the counters begin at the move, and the sandbox goes down and up where it is now."""
    with moving(tmp_path / "s", ring(0, 1)) as rig:
        run = rig.run(messages=3, interval_s=0.05)
        rig.settle(36)
        for slot, cloud in ((Slot.HOT, "azure"), (Slot.PROCESSING, "aws"), (Slot.ACQUISITION, "gcp")):
            rig.move(slot, cloud)
        assert all(seconds < 20 for _, seconds in rig.client.meters().values())
        assert messages(rig) == 0
        counted = json.loads(rig.client.meters()[rig.cloud_of(Slot.VISUALIZATION)][0])
        people = [counted.get(name, {}) for name in ("users", "editors", "viewers")]
        assert sum(sum(each.values()) for each in people) > 0  # how many there are is no count that begins at 0
        again = rig.run(messages=3, interval_s=0.05)
        rig.settle(72)
        assert messages(rig) == 36
        stop(rig.layout)
        start(rig.layout)
        assert launch(rig.layout, rig.twin) is Launched.RUNNING
        verification = Verification(rig.client)
        hops = verification.run()
        assert [hop for hop in hops if not hop.ok] == []
        assert {cloud: status.slots for cloud, status in rig.client.status()[1].items()} == {
            cloud: tuple(slot.value for slot in Slot if rig.cloud_of(slot) == cloud)
            for cloud in rig.client.config.clouds
        }
        # What moved turns cool like anything else.
        rig.settle(73)
        rig.client.set_clock(jump=2 * MONTH_S)
        rig.until_all_are("cool", 73)
        rig.check_exact([run, again], [verification.id])


def messages(rig: MovingRig) -> int:
    snapshot = json.loads(rig.client.meters()[rig.cloud_of(Slot.ACQUISITION)][0])
    return int(sum(snapshot.get("payload-count", {}).values()))
