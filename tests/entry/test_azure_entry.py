"""The function app on a fake of the Functions host, with Azurite, the Cosmos DB emulator and fakes around it."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from azure.storage.queue import QueueServiceClient

from tests.contracts.base import unique
from tests.standins.azure import emulators
from tests.standins.azure.fake_event_grid import FakeEventGrid
from tests.standins.azure.fake_functions_host import FakeFunctionsHost, fake_functions_host
from tests.standins.azure.fake_iot_hub import FakeIotHub, HubMessage
from tests.standins.azure.fake_key_vault import FakeKeyVault
from tests.standins.azure.rig import Certificates
from tests.standins.ports import free_port
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
from twin2multicloud.runtime.adapters.azure.build import AzurePorts
from twin2multicloud.runtime.entry.azure import VARIABLE, host_json, make_app
from twin2multicloud.runtime.envelope import RawMessage, decode_raw, encode
from twin2multicloud.runtime.links import Key, LinksDocument, Peer, sign
from twin2multicloud.runtime.ports import EntityState
from twin2multicloud.runtime.settings import ConfigError
from twin2multicloud.runtime.times import to_time

pytest_plugins = ("tests.standins.azure.fixtures",)

ROOM = "dtmi:twin2multicloud:entry:room;1"
KEY = Key("k1", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", 0.0)
DAY_S = 86_400.0

PRESENCE = "deviceConnectionStateEvents"

Host = Callable[..., FakeFunctionsHost]


class Rig:
    """Hosts with apps of one twin, and the ports to look at what they did."""

    def __init__(self, directory: Path, ports: AzurePorts, storage: str, closing: contextlib.ExitStack) -> None:
        self.directory = directory
        self.ports = ports
        self._storage = storage
        self._closing = closing
        self.device = unique("room")
        self.spec = self._spec()

    def _spec(self) -> TwinSpec:
        room = DeviceType(
            "room",
            ROOM,
            (Field("temperature", "double", minimum=-50, maximum=100), Field("people", "integer", required=False)),
            commands=(CommandType("cool", (Field("level", "integer"),)),),
        )
        actions = (AlertAction("hot"), CommandAction("cool", payload={"level": 3}), FunctionAction("noted"))
        rule = Rule("too-hot", "room", "temperature > 30.5", devices=(self.device,), actions=actions)
        return TwinSpec(
            "entry", (room,), (DeviceGroup("room", (self.device,)),), Retention(DAY_S, 30 * DAY_S, 1e9), (rule,)
        )

    def host(self, *functions: dict[str, Any], ports: AzurePorts | None = None) -> FakeFunctionsHost:
        """An app with these functions."""
        (self.directory / "twin.json").write_bytes(spec_json(self.spec))
        (self.directory / "processors").mkdir(exist_ok=True)
        (self.directory / "processors/noted.py").write_text(
            "def act(alert):\n    raise ValueError('noted ' + alert['rule'])\n"
        )
        app = make_app({VARIABLE: json.dumps(functions)}, self.directory, ports or self.ports)
        return self._closing.enter_context(fake_functions_host(app, host_json(self.spec), self._storage))

    def wire(self, host: FakeFunctionsHost, *edges: str) -> None:
        """Write the links document: these edges lead to that host."""
        peers = {edge: Peer(host.url, (KEY,)) for edge in edges}
        document = LinksDocument(out=peers, into=dict.fromkeys(edges, (KEY,)))
        self.ports.secrets.put("links", msgspec.json.encode(document).decode())

    def messages(self, *bodies: bytes, **properties: str) -> list[HubMessage]:
        """What the hub's endpoint would give."""
        now = time.time()
        return [HubMessage(self.device, body, properties, number + 1, now) for number, body in enumerate(bodies)]

    def stored(self) -> list[dict[str, Any]]:
        """The data in the hot store, oldest first."""
        found = self.ports.hot.history(self.device, to_time(0), to_time(9e9), 1000, newest_first=False)
        return [event.data for event in found]


@pytest.fixture
def rig(
    tmp_path: Path,
    open_ports: Callable[..., AzurePorts],
    azurite: emulators.Azurite,
    cosmos: str,
    event_grid: FakeEventGrid,
    iot_hub: FakeIotHub,
    key_vault: FakeKeyVault,
    certificates: Certificates,
) -> Iterator[Rig]:
    ports = open_ports(
        storage_connection_string=azurite.connection_string,
        cosmos_url=cosmos,
        cosmos_key=emulators.COSMOS_KEY,
        topics={name: event_grid.endpoint(name) for name in ("alerts", "errors")},
        topic_key=event_grid.key,
        hub_connection_string=iot_hub.connection_string,
        vault_url=key_vault.url,
        authority=str(certificates.authority),
        any_token=True,
    )
    event_grid.received.clear()
    with QueueServiceClient.from_connection_string(azurite.connection_string) as queues:
        for queue in queues.list_queues():
            queues.get_queue_client(queue.name).clear_messages()
    with contextlib.ExitStack() as closing:
        yield Rig(tmp_path, ports, azurite.connection_string, closing)


def reading(at: float, temperature: float) -> bytes:
    return json.dumps({"time": at, "temperature": temperature}).encode()


LOCAL = {
    "component": "process",
    "role": "process",
    "hub": True,
    "queue": "intake",
    "local": ["persist", "twin-updates", "commands"],
}


def post(host: FakeFunctionsHost, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(host.url).netloc, timeout=10)
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_telemetry_of_the_hub_is_stored_once_and_sets_the_twin(rig: Rig) -> None:
    rig.ports.graph.put_entities([EntityState(rig.device, ROOM, {}, {})])
    host = rig.host(LOCAL)
    now = time.time()
    messages = rig.messages(*(reading(now + n, 20 + n / 8) for n in range(12)))
    assert host.run_event_hub(messages)
    assert host.run_event_hub(messages[5:])  # delivered again
    assert rig.stored() == [{"temperature": 20 + n / 8} for n in range(12)]
    state = rig.ports.graph.get(rig.device)
    assert state is not None
    assert state.values == {"temperature": 21.375}
    assert host.failures == []


def test_what_is_wrong_with_a_message_is_reported_and_the_message_kept(rig: Rig, event_grid: FakeEventGrid) -> None:
    host = rig.host({**LOCAL, "local": ["persist"]})
    before = {letter.id for letter in rig.ports.dead_letters.list(limit=1000)}
    assert host.run_event_hub(rig.messages(b"{not json", b'{"temperature": 500}', reading(time.time(), 20.5)))
    letters = [letter for letter in rig.ports.dead_letters.list(limit=1000) if letter.id not in before]
    assert len(letters) == 2
    assert {letter.topic for letter in letters} == {"intake"}
    (raw,) = [letter.body for letter in letters if b"specversion" not in letter.body]
    assert decode_raw(raw).payload == b"{not json"
    errors = event_grid.received["errors"]
    assert sorted(error["data"]["kind"] for error in errors) == ["invalid", "malformed"]
    assert {error["data"]["cloud"] for error in errors} == {"azure"}
    assert len(rig.stored()) == 1


def test_a_rule_alerts_asks_for_an_action_and_says_that_the_device_is_away(rig: Rig, event_grid: FakeEventGrid) -> None:
    rig.ports.graph.put_entities([EntityState(rig.device, ROOM, {}, {})])
    act = {"component": "actions", "role": "actions", "queue": "actions"}
    host = rig.host(LOCAL, act)
    assert host.run_event_hub(rig.messages(reading(time.time(), 30.75)))
    (alert,) = event_grid.received["alerts"]
    assert alert["subject"] == rig.device
    assert host.run_queues() == 1
    errors = {error["data"]["component"]: error["data"]["message"] for error in event_grid.received["errors"]}
    assert set(errors) == {"process", "actions"}
    assert f"command not delivered: {rig.device} (the hub does not know it)" in errors["process"]
    assert "noted too-hot" in errors["actions"]
    assert rig.stored() == [{"temperature": 30.75}]
    assert host.failures == []


def test_a_store_that_is_away_holds_the_hub_back_and_loses_nothing(
    rig: Rig, open_ports: Callable[..., AzurePorts], azurite: emulators.Azurite, event_grid: FakeEventGrid
) -> None:
    away = open_ports(
        storage_connection_string=azurite.connection_string,
        cosmos_url=f"http://127.0.0.1:{free_port()}",
        cosmos_key=emulators.COSMOS_KEY,
        topics={"errors": event_grid.endpoint("errors"), "alerts": event_grid.endpoint("alerts")},
        topic_key=event_grid.key,
    )
    local = {**LOCAL, "local": ["persist"]}
    messages = rig.messages(reading(time.time(), 20.5))
    assert not rig.host(local, ports=away).run_event_hub(messages)
    assert {error["data"]["kind"] for error in event_grid.received["errors"]} == {"write-failed"}
    assert rig.host(local).run_event_hub(messages)
    assert rig.stored() == [{"temperature": 20.5}]


def test_telemetry_crosses_a_link_into_the_intake_queue_and_the_hot_store(rig: Rig) -> None:
    source = rig.host({"component": "telemetry-sender", "role": "send", "edge": "telemetry", "hub": True})
    target = rig.host(
        {"component": "telemetry-receiver", "role": "receive", "receives": ["telemetry"]},
        {"component": "process", "role": "process", "queue": "intake", "local": ["persist"]},
    )
    rig.wire(target, "telemetry")
    now = time.time()
    assert source.run_event_hub(rig.messages(*(reading(now + n, n / 4) for n in range(30))))
    assert rig.stored() == []
    assert target.run_queues() >= 1
    assert rig.stored() == [{"temperature": n / 4} for n in range(30)]
    assert (source.failures, target.failures) == ([], [])


def test_records_wait_in_the_outbox_until_the_link_is_wired(rig: Rig) -> None:
    sender = {"component": "persist-sender", "role": "send", "edge": "persist", "queue": "persist-outbox"}
    source = rig.host({"component": "process", "role": "process", "hub": True}, sender)
    target = rig.host({"component": "persist-receiver", "role": "receive", "receives": ["persist"]})
    rig.ports.secrets.put("links", msgspec.json.encode(LinksDocument()).decode())
    now = time.time()
    assert source.run_event_hub(rig.messages(*(reading(now + n, n / 4) for n in range(30))))
    assert source.run_queues() == 0
    assert len(source.failures) == 2  # two queue messages of at most 20 events
    assert rig.stored() == []
    rig.wire(target, "persist")
    assert source.run_queues() == 2
    assert rig.stored() == [{"temperature": n / 4} for n in range(30)]


def test_a_message_that_is_put_back_is_handled(rig: Rig) -> None:
    host = rig.host({**LOCAL, "local": ["persist"]})
    message = RawMessage(rig.device, reading(time.time(), 20.5), time.time())
    assert host.queues is not None
    host.queues.get_queue_client("intake").send_message(_base64(encode(message)))
    assert host.run_queues() == 1
    assert rig.stored() == [{"temperature": 20.5}]


def test_a_request_that_is_not_signed_rightly_has_no_effect(rig: Rig) -> None:
    host = rig.host({"component": "persist-receiver", "role": "receive", "receives": ["persist"]})
    rig.wire(host, "persist")
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "/s",
        "type": "twin2multicloud.telemetry",
        "subject": rig.device,
        "time": to_time(time.time()),
        "data": {"temperature": 1.5},
    }
    body = json.dumps([event]).encode()
    headers = sign("persist", KEY, body, now=time.time(), nonce="n" * 24)
    assert post(host, "/links/persist", body, {})[0] == 401
    assert post(host, "/links/persist", body + b" ", headers)[0] == 401
    assert post(host, "/links/other", body, headers)[0] == 404
    assert rig.stored() == []
    assert post(host, "/links/persist", body, headers)[0] == 202
    assert post(host, "/links/persist", body, headers)[0] == 409  # replayed
    assert rig.stored() == [{"temperature": 1.5}]


def test_a_mover_turns_old_records_into_an_object(rig: Rig) -> None:
    host = rig.host(
        {"component": "process", "role": "process", "hub": True, "local": ["persist"]},
        {
            "component": "to-cool-mover",
            "role": "move",
            "edge": "to-cool",
            "local": ["to-cool"],
            "schedule": "0 0 * * * *",
        },
    )
    old = time.time() - 3 * DAY_S
    assert host.run_event_hub(rig.messages(reading(old, 1.5), reading(old + 1, 2.5), reading(time.time(), 3.5)))
    assert host.run_timer("to-cool-mover")
    assert rig.stored() == [{"temperature": 3.5}]
    day = to_time(old)[:10]
    objects = [each for each in rig.ports.cool.list(day) if each.metadata.get("count") == "2"]
    assert len(objects) == 1
    assert objects[0].storage_class == "cool"


def test_history_is_answered_to_a_signed_query(rig: Rig) -> None:
    host = rig.host(
        {"component": "process", "role": "process", "hub": True, "local": ["persist"]},
        {"component": "history", "role": "read", "receives": ["history"]},
    )
    rig.wire(host, "history")
    assert host.run_event_hub(rig.messages(reading(time.time() - 5, 1.5), reading(time.time() - 4, 2.5)))
    query = json.dumps({"device": rig.device, "fields": ["temperature"]}).encode()
    status, answer = post(
        host, "/links/history", query, sign("history", KEY, query, now=time.time(), nonce=unique("nonce"))
    )
    assert status == 200
    assert [point[1] for point in json.loads(answer)["points"]] == [1.5, 2.5]


def test_a_queue_message_that_is_no_batch_is_set_aside(rig: Rig, azurite: emulators.Azurite) -> None:
    host = rig.host({"component": "process", "role": "process", "queue": "intake", "local": ["persist"]})
    before = {letter.id for letter in rig.ports.dead_letters.list(limit=1000)}
    assert host.queues is not None
    text = unique("no batch")
    host.queues.get_queue_client("intake").send_message(_base64(text.encode()))
    assert host.run_queues() == 1
    (letter,) = [each for each in rig.ports.dead_letters.list(limit=1000) if each.id not in before]
    assert (letter.topic, letter.body) == ("intake", text.encode())


def test_a_device_that_is_gone_is_reported(rig: Rig, event_grid: FakeEventGrid) -> None:
    host = rig.host({**LOCAL, "local": ["persist"]})
    will = rig.messages(b'{"connected": false}', kind="state")
    news = [
        HubMessage(rig.device, b'{"sequenceNumber": "0A"}', {"opType": kind}, number, time.time(), PRESENCE)
        for number, kind in enumerate(("deviceConnected", "deviceDisconnected"), 7)
    ]
    assert host.run_event_hub([*will, *news])
    reported = [e["data"] for e in event_grid.received["errors"] if e["data"]["device"] == rig.device]
    assert [each["kind"] for each in reported] == ["disconnected", "disconnected"]
    assert rig.stored() == []
    assert host.failures == []


def test_dashboards_read_with_a_key_and_nothing_without(rig: Rig) -> None:
    host = rig.host(
        {"component": "process", "role": "process", "hub": True, "local": ["persist"]},
        {"component": "history", "role": "read", "receives": ["history"]},
    )
    assert host.run_event_hub(rig.messages(reading(time.time() - 5, 1.5)))
    query = json.dumps({"device": rig.device, "fields": ["temperature"]}).encode()
    rig.ports.secrets.put("read-key", key := unique("read-key"))
    status, answer = post(host, "/query/history", query, {"authorization": f"Bearer {key}"})
    assert status == 200
    assert [point[1] for point in json.loads(answer)["points"]] == [1.5]
    refused = {
        post(host, "/query/history", query, {})[0],
        post(host, "/query/history", query, {"authorization": f"Bearer {key[:-1]}"})[0],
        post(host, "/query/history", query, {"authorization": key})[0],
    }
    assert refused == {401}
    assert post(host, "/query/history", b"[]", {"authorization": f"Bearer {key}"})[0] == 422
    rig.ports.secrets.put("read-key", "")
    assert post(host, "/query/history", query, {"authorization": "Bearer "})[0] == 401


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ("", "T2M_FUNCTIONS"),
        ('[{"component": "x", "role": "cook"}]', "role"),
        ('[{"component": "x", "role": "send", "edge": "persist"}]', "needs a queue"),
        ('[{"component": "x", "role": "receive"}]', "receives no edge"),
        ('[{"component": "x", "role": "move", "color": "red"}]', "color"),
    ],
)
def test_an_app_that_is_configured_wrongly_says_so(functions: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_app({VARIABLE: functions}, Path())


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
