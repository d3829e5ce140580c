"""A small twin, and its places and functions on ministack, as the entry points' tests need them."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from tests.standins.aws.places import bucket, name, queue, shared_table, topic_to
from tests.standins.aws.server import Ministack
from twin2multicloud.model.spec import (
    AlertAction,
    CommandAction,
    CommandType,
    DeviceGroup,
    DeviceType,
    Field,
    FunctionAction,
    Retention,
    Rule,
    TwinSpec,
    spec_json,
)
from twin2multicloud.runtime.adapters.aws.build import AwsConfig, AwsPorts, Bucket
from twin2multicloud.runtime.adapters.aws.state import STATE_KEYS
from twin2multicloud.runtime.entry.aws import Function
from twin2multicloud.runtime.entry.roles import FunctionConfig
from twin2multicloud.runtime.links import Key, LinksDocument, Peer

QUEUES = (
    "intake",
    "persist-outbox",
    "twin-updates-outbox",
    "commands-outbox",
    "telemetry-outbox",
    "actions",
    "alerts",
    "errors",
)
PROCESSORS = {
    "celsius": "def process(reading, device):\n    reading['fahrenheit'] = reading['temperature'] * 9 / 5 + 32\n"
    "    return reading\n",
    "refuse": "def act(alert):\n    raise RuntimeError(f\"no siren for {alert['device']}\")\n",
}


def spec(devices: tuple[str, ...], twin: str = "house") -> TwinSpec:
    """Thermometers whose rule, above 30 °C, alerts, sends a command and calls a user function."""
    return TwinSpec(
        name=twin,
        device_types=(
            DeviceType(
                "thermometer",
                "dtmi:t2m:thermometer;1",
                (Field("temperature", "double", minimum=-50, maximum=100),),
                commands=(CommandType("fan"),),
                processor="celsius",
            ),
        ),
        devices=(DeviceGroup("thermometer", devices),),
        retention=Retention(3600, 86_400, 10 * 86_400),
        rules=(
            Rule(
                "too-hot",
                "thermometer",
                "temperature > 30",
                actions=(
                    AlertAction("{temperature} °C"),
                    CommandAction("fan", payload={"on": True}),
                    FunctionAction("refuse"),
                ),
            ),
        ),
    )


@dataclass
class Place:
    """One account's things, and the functions over them. Queues by name; alerts and errors are topics before them."""

    server: Ministack
    directory: Path
    devices: tuple[str, ...] = field(default_factory=lambda: (f"t-{uuid.uuid4().hex[:8]}", f"t-{uuid.uuid4().hex[:8]}"))
    twin: str = "house"

    def __post_init__(self) -> None:
        clients = self.server.clients
        self.spec = spec(self.devices, self.twin)
        (self.directory / "twin.json").write_bytes(spec_json(self.spec))
        (self.directory / "processors").mkdir()
        for module, source in PROCESSORS.items():
            (self.directory / "processors" / f"{module}.py").write_text(source)
        self.queues = {each: queue(clients, each) for each in QUEUES}
        topics = {each: topic_to(clients, each, self.queues[each]) for each in ("alerts", "errors")}
        self.config = AwsConfig(
            twin=self.twin,
            hot_table=shared_table("hot", ("device", "t")),
            state_table=shared_table("state", STATE_KEYS),
            graph_table=shared_table("graph", ("k", "s")),
            cool=Bucket(bucket(clients, "cool")),
            archive=Bucket(bucket(clients, "archive")),
            topics={**self.queues, **topics},
            secrets_prefix=f"{name('twin')}/",
            consistent_reads=True,
        )
        self.ports = AwsPorts(self.config, clients=clients)

    def environment(self, function: FunctionConfig, **changes: Any) -> dict[str, str]:
        """A function's environment variables."""
        config = msgspec.structs.replace(self.config, **changes)
        return {
            "T2M_CONFIG": json.dumps(msgspec.to_builtins(config)),
            "T2M_FUNCTION": msgspec.json.encode(function).decode(),
        }

    def function(self, component: str, *, changes: Mapping[str, Any] | None = None, **what: Any) -> Function:
        """A function, not in Lambda but in this process."""
        environment = self.environment(FunctionConfig(component, **what), **(changes or {}))
        return Function(environment, self.directory, clients=self.server.clients)


def key() -> Key:
    """A link's key."""
    return Key("k1", base64.b64encode(uuid.uuid4().bytes * 2).decode(), 0.0)


def wire(edge: str, source: Place, target: Place, url: str) -> None:
    """Write the links documents of both ends of one link."""
    shared = key()
    source.ports.secrets.put("links", msgspec.json.encode(LinksDocument(out={edge: Peer(url, (shared,))})).decode())
    target.ports.secrets.put("links", msgspec.json.encode(LinksDocument(into={edge: (shared,)})).decode())


def from_rule(device: str, payload: bytes, received_ms: float, kind: str = "telemetry") -> bytes:
    """What the IoT rule makes of a device's message."""
    text = base64.b64encode(payload).decode()
    return json.dumps({"device": device, "kind": kind, "payload": text, "received": received_ms}).encode()


def sqs_event(*bodies: bytes, attempts: int = 1) -> dict[str, Any]:
    """A batch as Lambda gets it from SQS."""
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "receiptHandle": "r",
                "body": body.decode(),
                "attributes": {"ApproximateReceiveCount": str(attempts), "SentTimestamp": "1764072000000"},
                "eventSource": "aws:sqs",
            }
            for number, body in enumerate(bodies)
        ]
    }


def kinesis_event(*bodies: bytes) -> dict[str, Any]:
    """A batch as Lambda gets it from Kinesis."""
    return {
        "Records": [
            {
                "kinesis": {
                    "sequenceNumber": f"s{number}",
                    "data": base64.b64encode(body).decode(),
                    "partitionKey": "d",
                },
                "eventID": f"shardId-0:s{number}",
                "eventSource": "aws:kinesis",
            }
            for number, body in enumerate(bodies)
        ]
    }


def url_event(path: str, headers: Mapping[str, str], body: bytes, method: str = "POST") -> dict[str, Any]:
    """A request as Lambda gets it from a function URL; what is not text is base64."""
    try:
        text, encoded = body.decode(), False
    except UnicodeDecodeError:
        text, encoded = base64.b64encode(body).decode(), True
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {key.lower(): value for key, value in headers.items()},
        "requestContext": {"http": {"method": method, "path": path, "protocol": "HTTP/1.1"}},
        "body": text,
        "isBase64Encoded": encoded,
    }
