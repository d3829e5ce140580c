"""Findings for people and programs, and worlds read of states."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from twin2multicloud.deployer.proof import Finding, Rule, Severity, Where, as_json, as_text, read_world, world_in
from twin2multicloud.deployer.state.errors import DocumentError
from twin2multicloud.deployer.state.records import Holder, LockRequest
from twin2multicloud.deployer.state.sqlite import SqliteStateStore
from twin2multicloud.runtime.adapters.local.clock import ManualClock

_MODULE = 'module.slot.module.queue["intake"]'
_STATE: dict[str, Any] = {
    "version": 4,
    "serial": 1,
    "lineage": "x",
    "resources": [
        {
            "module": _MODULE,
            "mode": "managed",
            "type": "aws_sqs_queue",
            "name": "this",
            "instances": [
                {"attributes": {"name": "a"}},
                {"index_key": 1, "attributes": {"name": "b"}},
                {"index_key": "c", "deposed": "1234", "attributes": {"name": "old"}},
            ],
        },
        {"mode": "data", "type": "aws_region", "name": "here", "instances": [{"attributes": {"name": "eu"}}]},
    ],
}
_FOUND = Finding(Where("L2", "aws_sqs_queue.a"), Rule.DEAD_LETTERS, "it has no end", "give it one", Severity.WARNING)


def test_a_world_has_the_resources_of_its_states_without_data_and_what_is_being_replaced() -> None:
    world = read_world({"L2": json.dumps(_STATE).encode(), "L5": b'{"version": 4}'})

    assert [each.address for each in world.resources] == [
        f"{_MODULE}.aws_sqs_queue.this",
        f"{_MODULE}.aws_sqs_queue.this[1]",
    ]
    assert world.stacks == ("L2", "L5")
    found = world.one("aws_sqs_queue", name="b")
    assert found is not None
    assert found.where == Where("L2", f"{_MODULE}.aws_sqs_queue.this[1]")


def test_a_world_is_read_from_the_newest_states_of_a_store(tmp_path: Path) -> None:
    holder = Holder("run", "here", 1)
    with closing(SqliteStateStore(tmp_path / "states.sqlite", ManualClock(1_700_000_000.0))) as store:
        store.lock("L2", LockRequest("a lock", "apply"), holder)
        for serial, resources in enumerate(([], _STATE["resources"]), 1):
            state = {**_STATE, "serial": serial, "resources": resources}
            store.write("L2", json.dumps(state).encode(), lock_id="a lock", holder=holder)

        world = world_in(store, ["L1", "L2"])

    assert world.stacks == ("L2",)
    assert len(world.resources) == 2


@pytest.mark.parametrize(
    ("content", "words"), [(b"{", "not a Terraform state"), (b'{"version": 3}', "format 4|only 4")]
)
def test_what_is_no_state_is_named(content: bytes, words: str) -> None:
    with pytest.raises(DocumentError, match=words) as error:
        read_world({"L2": content})
    assert "L2" in str(error.value)


def test_findings_are_said_in_a_line_each() -> None:
    assert as_text(()) == "The wiring is as planned: nothing found."
    assert as_text((_FOUND,)).splitlines() == [
        "warning (dead-letters) L2: aws_sqs_queue.a: it has no end; give it one",
        "1 finding.",
    ]


def test_findings_are_data_for_programs() -> None:
    assert json.loads(as_json((_FOUND,))) == [
        {
            "severity": "warning",
            "rule": "dead-letters",
            "stack": "L2",
            "address": "aws_sqs_queue.a",
            "what": "it has no end",
            "remedy": "give it one",
        }
    ]


def test_who_deploys_nothing_to_a_cloud_needs_nothing_of_it() -> None:
    blocked = "import sys; sys.modules.update(dict.fromkeys(('azure', 'boto3', 'google.cloud', 'grpc')))"
    done = subprocess.run(
        [sys.executable, "-c", f"{blocked}; import twin2multicloud.deployer.proof.checks.links"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
