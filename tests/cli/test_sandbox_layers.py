"""A twin that is deployed to a sandbox slot by slot from the command line."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Outcome, call
from tests.cli.sandboxes import SPREAD, TWIN, Bench, placement_json
from twin2multicloud.model.slots import Slot

pytestmark = pytest.mark.slow
FROM = ("twin.yaml", "--placement", "placement.json")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path, SPREAD)
    yield bench
    bench.close()


def does(bench: Bench, command: str, *arguments: str, code: int = 0) -> Outcome:
    """A command that knows targets, at the sandbox."""
    yes = () if command == "plan" else ("--yes",)
    with contextlib.chdir(bench.home):
        done = call(command, *arguments, "--target", "sandbox", *yes)
    assert done.code == code, f"{command} {arguments}: {done}"
    return done


def deployed(bench: Bench) -> set[str]:
    return {place["slot"] for place in bench("status", "--json").json["placement"]}


def test_slots_come_one_by_one_and_say_what_is_missing(made: Bench) -> None:
    planned = does(made, "plan", *FROM, "--slot", "L3.hot", "--json").json
    assert [stack["slot"] for stack in planned["stacks"]] == ["L3.hot"]
    shown = does(made, "deploy", *FROM, "--slot", "L2,L3.hot")
    assert "not deployed yet: L1, L3.cool, L3.archive, L4, L5" in shown.out
    assert "dashboard" not in shown.out
    assert deployed(made) == {"L2", "L3.hot"}
    assert "not deployed yet: L1" in made("status").out

    # Who needs what is not there says so.
    with contextlib.chdir(made.home):
        simulated = call("simulate", "twin.yaml", "--duration", "1s")
    assert (simulated.code, "L1 (Acquisition) is not deployed yet; deploy it first" in simulated.err) == (2, True)
    assert "are not deployed yet; deploy them first" in made("verify", code=2).err
    moved = does(made, "move", "--slot", "L3.hot", "--to", "aws", code=2)
    assert "L1 (Acquisition)" in moved.err

    # `up` and `down` leave it at these slots.
    made("down")
    assert "not deployed yet: L1" in made.up().out
    assert deployed(made) == {"L2", "L3.hot"}

    does(made, "deploy", *FROM)
    assert deployed(made) == {slot.value for slot in Slot}
    assert made("verify").out.endswith("every hop works\n")

    assert "L3.hot: 1 record" in does(made, "destroy", "--slot", "L3.hot", code=8).err
    assert "destroyed: L5" in does(made, "destroy", "--slot", "L5").err
    does(made, "destroy", "--slot", "L3.hot", "--discard-data")
    does(made, "redeploy", *FROM[:1], "--slot", "L2")
    assert deployed(made) == {"L1", "L2", "L3.cool", "L3.archive", "L4"}
    assert "nothing to destroy" in does(made, "destroy", "--slot", "L5").err
    does(made, "destroy", "--discard-data")
    assert not made.layout.directory.exists()


def test_a_slot_that_is_not_there_may_go_elsewhere_and_a_new_definition_is_for_all(made: Bench) -> None:
    does(made, "deploy", *FROM, "--slot", "L1", "--slot", "L2")
    (made.home / "placement.json").write_text(json.dumps(placement_json({**SPREAD, Slot.PROCESSING: "gcp"})))
    refused = does(made, "deploy", *FROM, "--slot", "L4", code=2)
    assert "L2 is azure" in refused.err
    before = made.pids()
    (made.home / "placement.json").write_text(json.dumps(placement_json({**SPREAD, Slot.HOT: "aws"})))
    does(made, "deploy", *FROM, "--slot", "L3")
    assert made.client.cloud_of(Slot.HOT) == "aws"
    assert set(before) <= set(made.pids())
    (made.home / "twin.yaml").write_text(TWIN.replace("power > 3000", "power > 3100"))
    refused = does(made, "deploy", *FROM, "--slot", "L4", code=2)
    assert "redeploy brings those to it, then deploy others" in refused.err
    does(made, "redeploy", "twin.yaml")
    assert deployed(made) == {"L1", "L2", "L3.hot", "L3.cool", "L3.archive"}
    does(made, "deploy", *FROM, "--slot", "L4,L5")
    assert made("verify").out.endswith("every hop works\n")
