"""`twins states`, `dead-letters` and `inject` over a data directory, as somebody has them without a server."""

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


def test_what_a_kept_twin_is_like(place: Place, rig: Rig) -> None:
    rig.run(messages=3)
    rig.settle(12)
    listed = place.done("twins", "devices", "greenhouse", "--sort", "-last_seen", "--limit", "3")
    assert "meter-" in listed.out
    assert "these are the first 3; there are more (--limit)" in listed.err
    told = place.done("twins", "devices", "greenhouse", "--json").json
    assert (told["live"], len(told["items"]), told["items"][0]["messages"]) == (True, 4, 3)
    asked = ("twins", "history", "greenhouse", "meter-001", "--last", "600", "--field")
    assert "did you mean 'temperature'?" in place(*asked, "temprature").err
    measured = place.done(*asked, "temperature,label").out.splitlines()
    assert "temperature (°C)" in measured[0]
    assert len(measured) == 2 + 3
    assert "house" in place.done("twins", "graph", "greenhouse", "--roots").out
    assert place.done("twins", "rules", "greenhouse").out == "no rules\n"
    costs = place.done("twins", "costs", "greenhouse")
    assert "billed: no bill of it was read yet" in costs.err
    assert "to date" in costs.out
    assert place.done("twins", "list", "--health", "down", "--json").json == []


def test_faults_of_a_kept_twin_come_and_are_cleared(place: Place, rig: Rig) -> None:
    def on() -> list[str]:
        return [f"{fault.kind} {fault.target}" for fault in rig.client.cloud_status("aws").faults]

    told = place.done("twins", "inject", "greenhouse", "refuse-writes", "hot").err
    assert told == "refuse-writes on hot in aws, until `twins inject greenhouse clear`\n"
    assert on() == ["refuse-writes hot"]
    assert place.done("twins", "inject", "greenhouse", "clear").err == "no fault is on any more\n"
    assert on() == []
    with place.served() as url:
        key = {"T2M_API_KEY": place.key}
        made = place(
            "--server", url, "twins", "inject", "greenhouse", "disk-full", "hot", "--for", "60", "--json", env=key
        )
        assert made.json == {"fault": "disk-full", "target": "hot", "clouds": ["aws"]}
        assert on() == ["disk-full hot"]
        assert place("--server", url, "twins", "inject", "greenhouse", "clear", env=key).code == 0
    assert on() == []
    for arguments, code, problem in (
        (("explode",), 2, "'explode' is no fault; there are delay, drop,"),
        (("delay", "--seconds", "9999"), 2, "--seconds: 9999.0 is 0 to 3,600; only a clock jumps by other amounts"),
        (("drop", "--rate", "7"), 2, "--rate: 7.0 should be less than or equal to 1"),
        (("kill", "aws", "--for", "5"), 2, "--for: 5.0 is nothing that kill takes: it does not end by itself"),
        (("refuse-writes", "L9"), 4, "target: refuse-writes needs one of"),
    ):
        refused = place("twins", "inject", "greenhouse", *arguments)
        assert (refused.code, problem in refused.err) == (code, True), refused.err
