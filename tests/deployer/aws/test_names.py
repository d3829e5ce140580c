"""Names on AWS: valid in their service, and never the same for two things."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.deployer.aws.bench import SITUATIONS, deployed, names_at, situation, stacks_at_aws
from tests.deployer.placements import twin
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.model.slots import Slot

TWINS = st.from_regex(r"[a-z][a-z0-9-]{0,62}", fullmatch=True) | st.sampled_from(
    ["sthree", "sg", "xn--x", "amzn-s3-demo", "aws", "a" * 63, "t"]
)
FUNCTION = re.compile(r"[a-z][a-z0-9-]{0,63}")
QUEUE = re.compile(r"[A-Za-z0-9_-]{1,80}")
RULE = re.compile(r"[a-zA-Z0-9_]{1,128}")
TEMPLATE = re.compile(r"[0-9A-Za-z_-]{1,36}")
BUCKET = re.compile(r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
STACK = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")
SECRET = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")


def called(name: str, offers: str = "second offers, near", **more: Any) -> Deployment:
    """A deployment whose twin has another name."""
    made = situation(offers, **more)
    spec = msgspec.structs.replace(made.spec, name=name)
    return Deployment(msgspec.structs.replace(made.settings, twin=name), spec, made.blueprint)


@given(TWINS)
@settings(max_examples=60, deadline=None)
def test_every_name_is_valid_where_it_is_used(name: str) -> None:
    deployment = called(name)
    names = names_at(deployment, Slot.ACQUISITION)
    for slot in Slot:
        for component in ("to-archive-receiver", "to-cool-mover-schedule", "dashboards-execution"):
            assert FUNCTION.fullmatch(names.function(slot, component))
        for component in ("twin-updates-outbox", "gateway-undelivered"):
            assert QUEUE.fullmatch(names.queue(slot, component))
            assert QUEUE.fullmatch(names.undelivered(slot, component))
    assert all(BUCKET.fullmatch(names.bucket(Slot.COOL, each)) for each in ("cool", "archive", "scenes"))
    assert RULE.fullmatch(names.rule("telemetry"))
    assert TEMPLATE.fullmatch(names.device_template)
    assert STACK.fullmatch(names.thing(Slot.ACQUISITION, "L1 urls"))
    assert SECRET.fullmatch(f"{names.secrets_prefix}device-keys")
    assert not names.network.startswith("sg-")


@given(TWINS, st.integers(1, 12))
@settings(max_examples=30, deadline=None)
def test_a_generation_has_no_name_of_another(name: str, generation: int) -> None:
    first, later = (
        names_at(called(name, generations={slot.value: number for slot in Slot}), Slot.HOT)
        for number in (generation, generation + 1)
    )
    for thing in ("hot_table", "cool_bucket", "device_policy", "device_template", "workspace"):
        assert getattr(first, thing) != getattr(later, thing)
    assert first.function(Slot.HOT, "history") != later.function(Slot.HOT, "history")


def test_no_two_things_of_a_deployment_share_a_name() -> None:
    """Of one service that is: a function and its role are called alike, a queue and its topic."""
    for situation_name in SITUATIONS:
        deployment = situation(situation_name)
        functions: list[str] = []
        queues: list[str] = []
        roles: list[str] = []
        for stack in stacks_at_aws(deployment):
            for function in stack.arguments.get("functions", {}).values():
                functions.append(function["name"])
                roles += [function["name"], *([function["schedule"]["role"]] if function["schedule"] else [])]
            queues += [name for queue in stack.arguments.get("queues", {}).values() for name in _both(queue)]
            roles += [value for key, value in stack.arguments.items() if key.endswith("_role")]
        for found in (functions, queues, roles):
            assert len(found) == len(set(found)), situation_name


def test_tags_hold_only_what_aws_takes() -> None:
    deployment = deployed(owner="o'brien+twins@example.com")
    for slot in (None, *Slot):
        for value in names_at(deployment, Slot.HOT).tags(slot).values():
            assert re.fullmatch(r"[\w +\-=.:/@]{0,256}", value)
    assert names_at(deployment, Slot.HOT).tags(None)["owner"] == "o-brien+twins@example.com"


def test_the_twin_of_these_tests_is_the_built_in_one() -> None:
    assert deployed().spec == twin("smart-home")[1]


def _both(queue: Mapping[str, Any]) -> Iterator[str]:
    yield queue["name"]
    yield queue["undelivered"]
