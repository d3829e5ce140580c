"""Functions of each slot: all that the blueprint prices, started by something, with the rights their handlers use."""

from __future__ import annotations

from typing import Any

import pytest

from tests.deployer.placements import AWS, AZURE, GCP, THREE_CLOUDS, blueprint, twin
from twin2multicloud.blueprint.kinds import Role
from twin2multicloud.deployer.functions import FunctionPlan, Starts, functions_of
from twin2multicloud.model.slots import SLOTS, Slot
from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.runtime.entry.roles import FunctionConfig, Package, Roles

_PLACEMENTS = {
    "aws": AWS,
    "azure": AZURE,
    "gcp": GCP,
    "three": THREE_CLOUDS,
    "worker": ("azure.iot-hub-s1", "gcp.run-worker", *AWS[2:]),
    "ring": (*GCP[:1], *AWS[1:2], *AZURE[2:3], *GCP[3:4], *AWS[4:5], *AZURE[5:6], *GCP[6:]),
    "twinmaker": (*AWS[:5], "aws.twinmaker", *AWS[6:]),
}


def _planned(offers: tuple[str, ...], name: str) -> list[tuple[FunctionPlan, TwinSpec]]:
    plan, (_, spec) = blueprint(offers, name), twin(name)
    return [(function, spec) for slot in SLOTS for function in functions_of(plan, spec, slot)]


class _Ports:
    """Ports that note which of them a handler asks for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        self.asked.add(name)
        return _Anything()


class _Anything:
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_args, **_more: _Anything()


_PORT_OF = {
    "hot": "hot",
    "graph": "graph",
    "cool": "cool",
    "archive": "archive",
    "commands": "commands",
    "nonces": "nonces",
    "rule-states": "rule_states",
    "dead-letters": "dead_letters",
    "errors": "reporter",
    "publish": "publisher",
}


def _ports_of(grants: tuple[str, ...]) -> set[str]:
    words = {grant.partition(":")[0].partition(".")[0] for grant in grants}
    return {_PORT_OF[word] for word in words if word in _PORT_OF}


def _handler(roles: Roles, function: FunctionPlan) -> None:
    match function.package:
        case "process" | "worker":
            roles.process()
        case "send":
            roles.send()
        case "receive":
            roles.receive()
        case "read":
            roles.receive()
        case "move":
            roles.move(1.0)
        case "actions":
            roles.act()


@pytest.mark.parametrize("placed", _PLACEMENTS)
def test_a_function_has_rights_to_exactly_the_ports_its_handler_asks_for(placed: str) -> None:
    for function, spec in _planned(_PLACEMENTS[placed], "smart-building"):
        if function.package in ("gateway", "connector"):
            continue  # they use their cloud's own parts, not ports
        ports = _Ports()
        config = FunctionConfig(
            function.component,
            edge=function.edge,  # type: ignore[arg-type]
            local=function.local,  # type: ignore[arg-type]
            receives=function.receives,  # type: ignore[arg-type]
            shards=function.shards,
        )
        _handler(Roles(ports, config, Package(spec, {})), function)
        granted = _ports_of(function.grants)
        # A handler that only reads tells errors by its answer; entries of functions report, and set letters aside.
        hosts = {"reporter", "dead_letters"}
        assert ports.asked - {"clock", "secrets"} - hosts == granted - hosts, function.component


@pytest.mark.parametrize("placed", _PLACEMENTS)
def test_every_function_that_is_priced_is_deployed_but_those_without_work(placed: str) -> None:
    plan, (_, spec) = blueprint(_PLACEMENTS[placed]), twin()
    priced = {
        component.name
        for component in plan.components
        if component.role is not None and any(use.amount > 0 for use in component.usage)
    }
    deployed = {function.component for slot in SLOTS for function in functions_of(plan, spec, slot)}
    assert priced <= deployed
    # What only a rule's action needs is deployed, though the workload foresees none of it.
    assert deployed - priced <= {"actions", "commands-sender", "commands-receiver"}


@pytest.mark.parametrize("placed", _PLACEMENTS)
def test_every_function_is_started_by_something_it_may_consume(placed: str) -> None:
    for function, _ in _planned(_PLACEMENTS[placed], "smart-building"):
        consumed = [grant for grant in function.grants if grant.startswith("consume:")]
        match function.starts:
            case Starts.QUEUE | Starts.ALWAYS:
                assert consumed == [f"consume:{function.source}"]
            case Starts.DEVICES:
                assert consumed == ["consume:devices"]
            case _:
                assert consumed == []


@pytest.mark.parametrize("placed", _PLACEMENTS)
def test_what_a_function_hands_over_waits_in_a_queue_that_another_one_takes_from(placed: str) -> None:
    functions = [function for function, _ in _planned(_PLACEMENTS[placed], "smart-building")]
    consumed = {function.source for function in functions if function.source}
    for function in functions:
        for grant in function.grants:
            topic = grant.removeprefix("publish:")
            if topic != grant and topic not in ("alerts", "telemetry", "intake"):
                assert topic in consumed, f"{function.component} publishes to {topic}, which nobody takes from"


def test_only_functions_that_check_signatures_have_a_url() -> None:
    for function, _ in _planned(THREE_CLOUDS, "smart-building"):
        assert function.public == (function.package in ("receive", "read", "gateway"))
        if function.public:
            assert any(grant.startswith("secret:") for grant in function.grants)


def test_movers_hand_over_next_door_without_keys_and_elsewhere_with_them() -> None:
    near = {f.component: f for f, _ in _planned(AWS, "smart-building")}["to-cool-mover"]
    far = {f.component: f for f, _ in _planned(THREE_CLOUDS, "smart-building")}["to-cool-mover"]
    assert "secret:links" not in near.grants
    assert "cool.write" in near.grants
    assert "secret:links" in far.grants
    assert not any(grant.startswith("cool") for grant in far.grants)


def test_functions_of_l5_and_of_a_slot_without_any_are_none() -> None:
    plan, (_, spec) = blueprint(AWS), twin()
    assert functions_of(plan, spec, Slot.VISUALIZATION) == ()
    assert functions_of(plan, spec, Slot.ARCHIVE) == ()


def test_the_gateway_ingests() -> None:
    plan, (_, spec) = blueprint(GCP), twin()
    assert [f.package for f in functions_of(plan, spec, Slot.ACQUISITION)] == ["gateway"]
    assert plan.component(Slot.ACQUISITION, "gateway").role is Role.INGEST  # type: ignore[union-attr]
