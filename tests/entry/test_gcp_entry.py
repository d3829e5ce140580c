"""Google Cloud's entry points: under the functions framework for real, over Google's own emulators."""

from __future__ import annotations

import base64
import io
import json
import signal
import sys
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from functions_framework import create_app
from google.pubsub_v1.types import PushConfig
from werkzeug.serving import make_server

from tests.contracts.base import record
from tests.patience import PATIENCE_S
from tests.standins.gcp import processes
from tests.standins.gcp.fake_secret_manager import FakeSecretManager
from tests.standins.gcp.processes import PROJECT
from tests.standins.ports import free_port, listens
from twin2multicloud.deployer.packages import build_package
from twin2multicloud.model.slots import Provider
from twin2multicloud.model.spec import (
    CommandType,
    DeviceGroup,
    DeviceType,
    Field,
    Retention,
    Rule,
    TwinSpec,
    spec_json,
)
from twin2multicloud.runtime.adapters.gcp.build import GcpConfig, GcpPorts
from twin2multicloud.runtime.device_keys import device_key
from twin2multicloud.runtime.entry.gcp import Function
from twin2multicloud.runtime.entry.roles import FunctionConfig
from twin2multicloud.runtime.envelope import RawMessage, encode
from twin2multicloud.runtime.handlers.archive import unpack
from twin2multicloud.runtime.links import Key, LinksDocument, Peer
from twin2multicloud.runtime.ports import Command
from twin2multicloud.runtime.times import to_time

pytest_plugins = ["tests.standins.gcp.fixtures"]

TOPICS = ("intake", "telemetry", "alerts", "errors", "persist-outbox", "twin-updates-outbox", "commands-outbox")
SECRET = b"s" * 32
SPEC = TwinSpec(
    name="house",
    device_types=(
        DeviceType(
            "thermometer",
            "dtmi:t2m:thermometer;1",
            (Field("temperature", "double", minimum=-50, maximum=100),),
            commands=(CommandType("reset"),),
            processor="fahrenheit",
        ),
        DeviceType("door", "dtmi:t2m:door;1", (Field("open", "boolean"),)),
    ),
    devices=(DeviceGroup("thermometer", ("t-1", "t-2")), DeviceGroup("door", ("d-1",))),
    retention=Retention(3600.0, 7200.0, 10800.0),
    rules=(Rule("hot", "thermometer", "temperature > 30", trigger="each"),),
)
PROCESSOR = """
def process(reading, device):
    if reading["temperature"] == 99:
        raise ValueError("too odd")
    return {**reading, "fahrenheit": reading["temperature"] * 9 / 5 + 32}
"""
MAIN = """
import os
from pathlib import Path
from twin2multicloud.runtime.entry.gcp import Function
function = Function(Path(__file__).parent, {{**os.environ, **{environment!r}}})
def main(request):
    return function.{role}(request)
"""


class Place:
    """One function's package and everything around it, on the stand-ins."""

    def __init__(self, root: Path, hosts: dict[str, str], **config: Any) -> None:
        self.root = root
        self.prefix = f"t2m-{uuid.uuid4().hex[:8]}-"
        self.config = GcpConfig(
            twin="house",
            project=PROJECT,
            prefix=self.prefix,
            **{"check_tokens": False, "commands": "pending", **config},
        )
        self.hosts = hosts
        (root / "twin.json").write_bytes(spec_json(SPEC))
        (root / "processors").mkdir()
        (root / "processors" / "fahrenheit.py").write_text(PROCESSOR)
        self.ports = GcpPorts(self.config, hosts)

    def environment(self, function: FunctionConfig) -> dict[str, str]:
        return {
            **self.hosts,
            "T2M_CONFIG": msgspec.json.encode(self.config).decode(),
            "T2M_FUNCTION": msgspec.json.encode(function).decode(),
        }

    def topic(self, name: str) -> str:
        return f"projects/{PROJECT}/topics/{self.prefix}{name}"

    def create_topics(self) -> None:
        for name in TOPICS:
            self.ports.clients.publisher.create_topic(name=self.topic(name))

    def subscribe(self, name: str, push_to: str = "") -> str:
        subscription = f"projects/{PROJECT}/subscriptions/{self.prefix}{name}"
        request: dict[str, Any] = {"name": subscription, "topic": self.topic(name), "ack_deadline_seconds": 10}
        if push_to:
            request["push_config"] = PushConfig(push_endpoint=push_to)
        self.ports.clients.subscriber.create_subscription(request)
        return subscription

    def write_main(self, role: str, function: FunctionConfig) -> Path:
        main = self.root / f"main_{role}.py"
        main.write_text(MAIN.format(role=role, environment=self.environment(function)))
        return main

    def unpack(self, role: str) -> Path:
        """The package of a role as it is deployed."""
        built = build_package(Provider.GCP, role, SPEC, {"fahrenheit": PROCESSOR})
        with zipfile.ZipFile(io.BytesIO(built.content)) as archive:
            archive.extractall(self.root / "package")
        return self.root / "package"

    def client(self, role: str, function: FunctionConfig) -> Any:
        """The function in the functions framework, in this process."""
        return create_app("main", str(self.write_main(role, function)), "http").test_client()  # type: ignore[no-untyped-call]


@pytest.fixture
def place(
    tmp_path: Path,
    pubsub_host: str,
    firestore_host: str,
    secret_manager: tuple[FakeSecretManager, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Place:
    hosts = {
        "PUBSUB_EMULATOR_HOST": pubsub_host,
        "FIRESTORE_EMULATOR_HOST": firestore_host,
        "SECRET_MANAGER_EMULATOR_HOST": secret_manager[1],
    }
    for name, value in hosts.items():
        monkeypatch.setenv(name, value)
    place = Place(tmp_path, hosts)
    place.create_topics()
    return place


def push(data: bytes, attributes: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """The body of a Pub/Sub push."""
    message: dict[str, Any] = {
        "messageId": uuid.uuid4().hex,
        "publishTime": "2026-11-25T12:00:00.123Z",
        "attributes": attributes or {},
    }
    if data:
        message["data"] = base64.b64encode(data).decode()
    return {"message": message, "subscription": "projects/p/subscriptions/s", **more}


def eventually(check: Callable[[], object]) -> object:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen within 15 s")


LOCAL = FunctionConfig("process", local=("persist", "twin-updates", "commands"))


@pytest.mark.slow
def test_pushed_telemetry_is_processed_into_firestore(place: Place) -> None:
    """End to end: Pub/Sub pushes to the function's package in a process of its own, which stores and sets aside."""
    package, port = place.unpack("process"), free_port()
    command: list[str | Path] = [
        *(sys.executable, "-m", "functions_framework", "--source", package / "main.py", "--target", "main"),
        *("--signature-type", "http", "--host", "127.0.0.1", "--port", str(port)),
    ]
    environment = {"PYTHONPATH": str(package), **place.environment(LOCAL)}

    def ready() -> bool:
        return listens(port)

    with processes.running("function", command, ready, place.root, environment):
        place.subscribe("intake", f"http://127.0.0.1:{port}/")
        raw = [
            RawMessage("t-1", json.dumps({"temperature": n, "time": f"2026-11-25T12:00:0{n}Z"}).encode(), 0.0)
            for n in range(5)
        ]
        bad = [RawMessage("t-1", b"", 0.0), RawMessage("t-1", b"{", 0.0), RawMessage("ghost", b"{}", 0.0)]
        place.ports.publisher.publish_raw("intake", raw + bad + raw[:2])
        letters = eventually(lambda: (found := place.ports.dead_letters.list()) and len(found) == 3 and found)
        assert isinstance(letters, list)
        assert {letter.device for letter in letters} == {"t-1", "ghost"}
        records = eventually(
            lambda: (
                (found := place.ports.hot.history("t-1", "2026", "2027", 100, newest_first=False))
                and len(found) == 5
                and found
            )
        )
    assert isinstance(records, list)
    assert [record.data for record in records] == [{"temperature": n, "fahrenheit": n * 9 / 5 + 32} for n in range(5)]


def test_a_push_is_acknowledged_only_when_it_is_done(place: Place) -> None:
    client = place.client("process", LOCAL)
    good = push(b'{"temperature": 20}', {"device": "t-2"})
    assert client.post("/", json=good).status_code == 204
    assert client.post("/", json=good).status_code == 204
    found = place.ports.hot.history("t-2", "2026", "2027", 10)
    assert [(event.data["temperature"], event.time) for event in found] == [(20, "2026-11-25T12:00:00.123000Z")]
    assert client.post("/", json={"no": "push"}).status_code == 400
    # A message that says it is ours but is not, and one that the twin's code fails on: set aside, not delivered again.
    ours = push(b"[{", {"content-type": "application/cloudevents-batch+json"})
    assert client.post("/", json=ours).status_code == 204
    assert client.post("/", json=push(b'{"temperature": 99}', {"device": "t-1"})).status_code == 204
    reasons = sorted(letter.reason for letter in place.ports.dead_letters.list())
    assert len(reasons) == 2
    assert "ValueError in line 4: too odd" in reasons[0]
    assert "not a message of ours" in reasons[1]


def test_what_cannot_be_stored_comes_again(place: Place) -> None:
    place.config = msgspec.structs.replace(place.config, prefix="nowhere-")  # its topics do not exist
    client = place.client("process", FunctionConfig("process"))
    answer = client.post("/", json=push(b'{"temperature": 20}', {"device": "t-1"}))
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1


def test_pushes_without_googles_token_are_refused(place: Place) -> None:
    place.config = msgspec.structs.replace(
        place.config, check_tokens=True, token_audience="https://process", token_account="pusher@twin.example"
    )
    client = place.client("process", LOCAL)
    body = push(b'{"temperature": 20}', {"device": "t-1"})
    assert client.post("/", json=body).status_code == 403
    assert client.post("/", json=body, headers={"Authorization": "Bearer a.b.c"}).status_code == 403
    assert place.ports.hot.last("t-1") is None


@contextmanager
def served(application: Any) -> Iterator[str]:
    """A Flask application on a loopback port; yields its URL."""
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def wire(place: Place, edge: str, url: str) -> None:
    key = Key("k1", base64.b64encode(b"k" * 32).decode(), 0.0)
    document = LinksDocument({edge: Peer(url, (key,))}, {edge: (key,)})
    place.ports.secrets.put("links", msgspec.json.encode(document).decode())


@pytest.mark.parametrize("gather", [True, False])
def test_a_sender_posts_what_is_pushed_to_a_receiver(place: Place, gather: bool) -> None:
    place.config = msgspec.structs.replace(place.config, gather=gather)
    receiver = place.client("receive", FunctionConfig("persist-receiver", receives=("persist",)))
    sender = place.client("send", FunctionConfig("persist-sender", edge="persist"))
    records = [record(f"d-{n}", "2026-11-25T12:00:00.000000Z", id=f"e-{n}") for n in range(SPEC.batching.link_messages)]
    bodies = [push(encode(event), {"content-type": "application/cloudevents+json"}) for event in records]
    posts: list[str] = []

    def counted(environ: Any, start_response: Any) -> Any:
        posts.append(environ["PATH_INFO"])
        return receiver.application(environ, start_response)

    with served(counted) as url, ThreadPoolExecutor(len(bodies)) as pool:
        wire(place, "persist", url)
        statuses = list(pool.map(lambda body: sender.post("/", json=body).status_code, bodies))
    assert set(statuses) == {204}
    assert [place.ports.hot.last(event.subject) for event in records] == records
    assert posts == ["/links/persist"] * (1 if gather else len(records))
    # Nobody at the other end: nothing is acknowledged.
    assert sender.post("/", json=bodies[0]).status_code == 503


def test_a_worker_pulls_processes_and_acknowledges(place: Place) -> None:
    from twin2multicloud.runtime.entry.gcp_worker import Worker

    subscription = place.subscribe("intake")
    function = Function(place.root, place.environment(LOCAL))
    raw = [RawMessage("d-1", json.dumps({"open": True, "ts": 1_795_608_000 + n}).encode(), 0.0) for n in range(150)]
    place.ports.publisher.publish_raw("intake", raw)
    said: list[str] = []
    worker = Worker(
        place.ports.clients.subscriber,
        subscription,
        function._process,
        most=100,
        patience=place.config.patience,
        log=said.append,
        pull_s=1.0,
    )
    pulled = 0
    while pulled < 150:
        pulled += worker.once()
    assert worker.once() == 0
    assert len(place.ports.hot.between(["d-1"], "2026", "2027")) == 150
    assert said == []


@pytest.mark.slow
def test_a_workers_package_works_until_it_is_told_to_stop(place: Place) -> None:
    subscription = place.subscribe("intake")
    place.config = msgspec.structs.replace(place.config, subscription=subscription.rpartition("/")[2])
    package = place.unpack("worker")
    environment = {"PYTHONPATH": str(package), **place.environment(LOCAL)}
    place.ports.publisher.publish_raw("intake", [RawMessage("d-1", b'{"open": true}', 0.0)])

    def stored() -> bool:
        return place.ports.hot.last("d-1") is not None

    with processes.running("worker", [sys.executable, package / "main.py"], stored, place.root, environment) as worker:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0


def test_a_worker_gives_back_what_cannot_be_done(place: Place) -> None:
    from twin2multicloud.runtime.entry.gcp_push import Delivery
    from twin2multicloud.runtime.entry.gcp_work import Again
    from twin2multicloud.runtime.entry.gcp_worker import Worker

    subscription = place.subscribe("intake")
    seen: list[str] = []

    def work(deliveries: list[Delivery]) -> Again:
        seen.extend(delivery.data.decode() for delivery in deliveries)
        return Again([delivery for delivery in deliveries if len(seen) <= 3 and delivery.data == b"odd"])

    place.ports.publisher.publish_raw("intake", [RawMessage("d-1", data, 0.0) for data in (b"1", b"odd", b"2")])
    worker = Worker(
        place.ports.clients.subscriber,
        subscription,
        work,  # type: ignore[arg-type]
        most=100,
        patience=place.config.patience,
        log=seen.append,
        pull_s=2.0,
    )
    deadline = time.monotonic() + PATIENCE_S
    while len(seen) < 4 and time.monotonic() < deadline:
        worker.once()
    assert sorted(seen[:3]) == ["1", "2", "odd"]
    assert seen[3:] == ["odd"]


def test_a_mover_moves_what_is_old_into_a_bucket(
    place: Place, storage_url: str, storage_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage_url)
    bucket = f"cool-{place.prefix}1"
    storage_client.create_bucket(bucket)
    place.config = msgspec.structs.replace(place.config, cool_bucket=bucket, cool_class="COLDLINE")
    ports = GcpPorts(place.config, place.hosts)
    client = place.client("move", FunctionConfig("to-cool-mover", edge="to-cool", local=("to-cool",)))
    old = [record("t-1", f"2020-01-01T00:00:0{n}.000000Z", id=f"e-{n}") for n in range(5)]
    young = record("t-1", to_time(time.time()), id="young")
    ports.hot.put([*old, young])
    answer = client.post("/")
    assert answer.status_code == 200
    assert (answer.json["records"], answer.json["objects"]) == (5, 1)
    (stored,) = ports.cool.list("")
    assert stored.storage_class == "cool"
    assert unpack(ports.cool.get(stored.key)) == old
    assert ports.hot.between(["t-1"], "2000", "3000") == [young]
    assert client.post("/").json["records"] == 0


class TestGateway:
    @pytest.fixture
    def client(self, place: Place) -> Any:
        place.ports.secrets.put("device-keys", base64.b64encode(SECRET).decode())
        place.subscribe("telemetry")
        return place.client("gateway", FunctionConfig("gateway"))

    def key(self, device: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {device_key(SECRET, device)}"}

    def test_commands_come_until_they_are_answered(self, client: Any, place: Place) -> None:
        sent = Command("c-1", "t-1", "reset", {"hard": True}, "trace")
        place.ports.commands.send([sent])
        path = "/devices/t-1/telemetry"
        for _ in range(2):
            answer = client.post(path, data=b'{"temperature": 20}', headers=self.key("t-1"))
            assert answer.status_code == 202
            assert answer.json == {
                "commands": [{"id": "c-1", "name": "reset", "payload": {"hard": True}, "trace": "trace"}]
            }
        assert client.post("/devices/t-2/telemetry", data=b"{}", headers=self.key("t-2")).json == {"commands": []}
        result = client.post("/devices/t-1/results", data=b'{"id": "c-1", "status": "ok"}', headers=self.key("t-1"))
        assert (result.status_code, result.json) == (202, {"commands": []})
        assert client.post(path, data=b'{"temperature": 20}', headers=self.key("t-1")).json == {"commands": []}
        pulled = place.ports.clients.subscriber.pull(
            {"subscription": f"projects/{PROJECT}/subscriptions/{place.prefix}telemetry", "max_messages": 100}
        )
        kinds = sorted(
            (message.message.attributes["device"], message.message.attributes["kind"], message.message.data)
            for message in pulled.received_messages
        )
        assert kinds == [
            ("t-1", "result", b'{"id": "c-1", "status": "ok"}'),
            *[("t-1", "telemetry", b'{"temperature": 20}')] * 3,
            ("t-2", "telemetry", b"{}"),
        ]

    def test_several_messages_in_one_request(self, client: Any, place: Place) -> None:
        body = b'[{"open": true}, {"open":  false}]'
        assert client.post("/devices/d-1/telemetry", data=body, headers=self.key("d-1")).status_code == 202
        pulled = place.ports.clients.subscriber.pull(
            {"subscription": f"projects/{PROJECT}/subscriptions/{place.prefix}telemetry", "max_messages": 100}
        )
        found = sorted(message.message.data for message in pulled.received_messages)
        assert found == [b'{"open":  false}', b'{"open": true}']

    def test_who_has_no_key_gets_no_further(self, client: Any, place: Place) -> None:
        path = "/devices/t-1/telemetry"
        assert client.post(path, data=b"{}").status_code == 401
        assert client.post(path, data=b"{}", headers=self.key("t-2")).status_code == 403
        assert client.post("/devices/ghost/telemetry", data=b"{}", headers=self.key("ghost")).status_code == 403
        assert client.post("/devices/t-1/state", data=b"{}", headers=self.key("t-1")).status_code == 404
        assert client.get(path, headers=self.key("t-1")).status_code == 404
        gzip = {**self.key("t-1"), "Content-Encoding": "gzip"}
        assert client.post(path, data=b"{}", headers=gzip).status_code == 415

    def test_what_is_too_large_is_refused(self, client: Any, place: Place) -> None:
        path, key = "/devices/t-1/telemetry", self.key("t-1")
        for body in (b"x" * (SPEC.message_bytes + 1), b"[" + b"1," * 100 + b"1]", b"x" * (8 * 2**20)):
            assert client.post(path, data=body, headers=key).status_code == 413


def test_a_reader_answers_whoever_holds_its_key(place: Place) -> None:
    client = place.client("read", FunctionConfig("history", receives=("history",)))
    query = {"device": "t-1", "start": "2026-11-25T00:00:00Z", "end": "2026-11-26T00:00:00Z"}
    path, key = "/query/history", {"Authorization": "Bearer s3cret"}
    assert client.post(path, json=query, headers=key).status_code == 401
    place.ports.secrets.put("read-key", "s3cret")
    place.client("process", LOCAL).post("/", json=push(b'{"temperature": 10}', {"device": "t-1"}))
    answer = client.post(path, json=query, headers=key)
    assert answer.status_code == 200
    assert answer.json == {"device": "t-1", "fields": ["temperature"], "points": [[1795608000123.0, 10]]}
    assert client.post(path, json=query, headers={"Authorization": "Bearer other"}).status_code == 401
    assert client.post(path, json={"device": "ghost"}, headers=key).status_code == 422
    for nonsense in (b'{"device":"\xff"}', b"[" * 60_000, b"[]"):
        assert client.post(path, data=nonsense, headers=key).status_code == 422
    assert client.post("/query/state", json={}, headers=key).status_code == 404
    assert client.post("/links/history", json=query).status_code == 401  # not signed
    assert client.post("/links/persist", json=query).status_code == 404
    place.ports.secrets.put("read-key", "")
    client = place.client("read", FunctionConfig("history", receives=("history",)))
    assert client.post(path, json=query, headers={"Authorization": "Bearer "}).status_code == 401
