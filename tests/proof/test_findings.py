"""Findings for people and programs, and worlds read of states."""

from __future__ import annotations

import json

import pytest

from twin2multicloud.deployer.proof import Finding, Rule, Severity, Where, as_json, as_text, read_world
from twin2multicloud.deployer.state.errors import DocumentError

_MODULE = 'module.slot.module.queue["intake"]'
_STATE = {
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
