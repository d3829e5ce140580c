"""L1 on AWS: IoT Core, its rules, and how devices are known."""

from __future__ import annotations

from typing import Any, Final

from twin2multicloud.blueprint.kinds import Kind
from twin2multicloud.deployer.clouds.aws.composing import queues, slot_stack
from twin2multicloud.deployer.clouds.aws.names import AwsNames
from twin2multicloud.deployer.stacks import Stack
from twin2multicloud.model.slots import Slot

_KINDS: Final = ("telemetry", "results", "state")
"""The last levels of devices' topics."""
_SLOT: Final = Slot.ACQUISITION


def acquisition(names: AwsNames) -> Stack:
    """The stack of L1."""
    deployment = names.deployment
    apart = deployment.blueprint.by_edge["telemetry"].apart
    outboxes = ("telemetry-outbox",) if apart else ()
    arguments = {
        "rules": _rules(names),
        "target": _target(names, apart=apart),
        "rules_role": names.function(_SLOT, "rules"),
        "undelivered": names.queue(_SLOT, "gateway-undelivered"),
        "device_ca_pem": deployment.settings.device_ca_pem or OFFLINE_CA,
        "devices": {
            "twin": deployment.spec.name,
            "prefix": names.things_prefix,
            "topics": _topics(names),
            "policy": names.device_policy,
            "template": names.device_template,
            "role": names.function(_SLOT, "provisioning"),
        },
        "queues": queues(names, _SLOT, outboxes),
    }
    return slot_stack(names, _SLOT, "l1", arguments)


def _rules(names: AwsNames) -> dict[str, dict[str, str]]:
    """What devices send, by the last level of its topic, and lost connections as IoT Core itself reports them."""
    return {kind: _sent(names, kind) for kind in _KINDS} | {"lost": _lost(names)}


def _sent(names: AwsNames, kind: str) -> dict[str, str]:
    topic = f"dt/{names.deployment.spec.name}/+/{kind}"
    said = _selected("topic(3)", "topic(4)", "*")
    return {"name": names.rule(kind), "sql": f"{said} FROM '{topic}'", "partition_key": "${topic(3)}"}


def _lost(names: AwsNames) -> dict[str, str]:
    """The wildcard of lifecycle events takes in all clients of the account, so this rule looks at their ids. Who
    said goodbye was not lost.
    """
    prefix = names.things_prefix
    said = _selected(f"substring(clientId, {len(prefix)})", "'state'", "'{\"connected\":false}'")
    where = f"startswith(clientId, '{prefix}') AND clientInitiatedDisconnect = false"
    return {
        "name": names.rule("lost"),
        "sql": f"{said} FROM '$aws/events/presence/disconnected/+' WHERE {where}",
        "partition_key": "${clientId}",
    }


def _selected(device: str, kind: str, payload: str) -> str:
    """What `runtime.entry.aws_events` reads."""
    return f"SELECT {device} AS device, {kind} AS kind, encode({payload}, 'base64') AS payload, timestamp() AS received"


def _topics(names: AwsNames) -> list[str]:
    """The topics that a device publishes on: those of the broker, or of the rules themselves (Basic Ingest), for which
    the broker charges nothing.
    """
    twin = names.deployment.spec.name
    basic = names.deployment.blueprint.places[_SLOT].offer == "aws.iot-core-basic-ingest"
    return [(f"$aws/rules/{names.rule(kind)}/" if basic else "") + f"dt/{twin}/{{device}}/{kind}" for kind in _KINDS]


def _target(names: AwsNames, *, apart: bool) -> dict[str, Any]:
    if apart:
        return {"kind": "queue", "name": names.queue(_SLOT, "telemetry-outbox")}
    if names.source(Slot.PROCESSING, "intake") is Kind.STREAM:
        return {"kind": "stream", "name": names.thing(Slot.PROCESSING, "intake")}
    return {"kind": "queue", "name": names.queue(Slot.PROCESSING, "intake")}


OFFLINE_CA: Final = """-----BEGIN CERTIFICATE-----
of the deployment, which has made none yet
-----END CERTIFICATE-----
"""
"""Stands for the authority's certificate in a plan that is made before there is one."""
