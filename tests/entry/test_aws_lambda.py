"""One twin in Lambda itself, as far as ministack is Lambda: device, IoT rule, queues, functions, a store elsewhere."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.entry.aws_twin import Place, wire
from tests.patience import PATIENCE_S
from tests.standins.aws.devices import MqttDevices
from tests.standins.aws.places import drain, name, queue_arn
from tests.standins.aws.server import ministack
from twin2multicloud.deployer.hosts import HOSTS
from twin2multicloud.deployer.modules import SourceTree, needed
from twin2multicloud.model.slots import Provider
from twin2multicloud.runtime.entry.roles import FunctionConfig
from twin2multicloud.runtime.envelope import decode
from twin2multicloud.runtime.ports import EntityState

ROLE = "arn:aws:iam::000000000000:role/function"


def package(place: Place) -> bytes:
    """Our runtime with a twin, as a function's zip (msgspec comes with ministack's Python, boto3 with Lambda)."""
    ours = needed("import twin2multicloud.runtime.entry.aws", SourceTree(), HOSTS[Provider.AWS].sdks)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in ours.items():
            archive.writestr(path, text)
        for file in sorted(place.directory.rglob("*.*")):
            archive.write(file, file.relative_to(place.directory))
    return buffer.getvalue()


def deploy(place: Place, code: bytes, role: str, function: FunctionConfig, **changes: Any) -> str:
    """A function's name."""
    called = name(function.component)
    place.server.clients.get("lambda").create_function(
        FunctionName=called,
        Runtime="python3.12",
        Role=ROLE,
        Handler=f"twin2multicloud.runtime.entry.aws.{role}",
        Code={"ZipFile": code},
        Timeout=30,
        MemorySize=256,
        Environment={"Variables": place.environment(function, **changes)},
    )
    return called


def feed(place: Place, function: str, topic: str) -> None:
    """The queue's messages go to the function."""
    place.server.clients.get("lambda").create_event_source_mapping(
        EventSourceArn=queue_arn(place.server.clients, place.queues[topic]),
        FunctionName=function,
        BatchSize=10,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )


def until(found: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not found():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_S:.0f} s"
        time.sleep(0.1)


@pytest.mark.slow
def test_a_message_runs_from_the_device_to_a_store_elsewhere_and_a_command_back(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = ministack()
    twin = f"twin{name('x')[2:]}"
    devices = MqttDevices(server, twin)
    device = devices.online()
    place = Place(server, tmp_path, (device,), twin=twin)
    elsewhere = Place(server, tmp_path_factory.mktemp("elsewhere"), (device,), twin=twin)
    place.ports.graph.put_entities([EntityState(device, "dtmi:t2m:thermometer;1", {}, {})])
    functions = server.clients.get("lambda")

    # Elsewhere: L3 hot with a receiver and a reader. Here: L1, L2 and L4.
    receiver = deploy(
        elsewhere, package(elsewhere), "receive", FunctionConfig("persist-receiver", receives=("persist",))
    )
    reader = deploy(elsewhere, package(elsewhere), "read", FunctionConfig("history", receives=("history",)))
    url = functions.create_function_url_config(FunctionName=receiver, AuthType="NONE")["FunctionUrl"]
    # ministack serves a function URL by path, too: its host name resolves nowhere.
    wire("persist", place, elsewhere, f"{server.endpoint}/_aws/lambda-url/{url.split('//')[1].split('.')[0]}")
    code = package(place)
    process = FunctionConfig("process", local=("twin-updates", "commands"))
    feed(place, deploy(place, code, "process", process, hot_table=""), "intake")
    feed(place, deploy(place, code, "send", FunctionConfig("persist-sender", edge="persist")), "persist-outbox")
    server.clients.get("iot").create_topic_rule(
        ruleName=f"telemetry_{twin}",
        topicRulePayload={
            "sql": "SELECT topic(3) AS device, topic(4) AS kind, encode(*, 'base64') AS payload, "
            f"timestamp() AS received FROM 'dt/{twin}/+/telemetry'",
            "awsIotSqlVersion": "2016-03-23",
            "actions": [{"sqs": {"queueUrl": place.queues["intake"], "roleArn": ROLE, "useBase64": False}}],
        },
    )

    now = time.time()
    for number in range(12):
        payload = {"temperature": 20.1 + number, "note": "Größe \U0001f3e2", "nothing": None, "ts": now + number}
        devices.publish(device, "telemetry", json.dumps(payload).encode())
    devices.publish(device, "telemetry", b"\xff\xfe no JSON")

    hot = elsewhere.ports.hot
    until(lambda: len(hot.history(device, "2020", "2100", 100)) == 12, "twelve records in the hot store")
    found = hot.history(device, "2020", "2100", 100, newest_first=False)
    assert [event.data["temperature"] for event in found] == [20.1 + number for number in range(12)]
    assert {event.data["note"] for event in found} == {"Größe \U0001f3e2"}
    assert all(event.data["nothing"] is None for event in found)
    assert [event.data["fahrenheit"] for event in found] == [(20.1 + n) * 9 / 5 + 32 for n in range(12)]

    until(lambda: bool(devices.received(device)), "a command to the device")
    assert {command.name for command in devices.received(device)} == {"fan"}
    until(lambda: latest(place, device) == 20.1 + 11, "the twin's last value")
    answer = functions.invoke(FunctionName=reader, Payload=json.dumps({"device": device, "end": now + 100}).encode())
    points = json.loads(answer["Payload"].read())["points"]
    assert [point[1] for point in points] == [20.1 + number for number in range(12)]

    errors = [decode(body).data for body in drain(server.clients, place.queues["errors"])]
    assert [error["kind"] for error in errors] == ["malformed"]
    assert place.ports.dead_letters.get(errors[0]["trace"]) is not None


def latest(place: Place, device: str) -> Any:
    state = place.ports.graph.get(device)
    return None if state is None else state.values.get("temperature")
