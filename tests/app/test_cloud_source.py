"""Error queues of the clouds: nothing lost, nothing told twice, whatever comes again, cannot be read or is away."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from azure.storage.queue import QueueClient

from tests.app import cloud_accounts
from tests.app.backends import Person, Site
from tests.app.deployments import saved
from tests.patience import PATIENCE_S
from tests.standins.aws.places import queue, topic_to
from tests.standins.aws.server import ministack
from tests.standins.azure.emulators import Azurite
from tests.standins.gcp.processes import PROJECT
from twin2multicloud.app.db.tables import Stack
from twin2multicloud.app.monitoring import cloud_source
from twin2multicloud.app.monitoring.cloud_source import CloudSource, queues_of
from twin2multicloud.app.monitoring.collecting import Collector
from twin2multicloud.app.monitoring.error_queues import (
    ErrorQueue,
    Message,
    PubSubQueue,
    QueueError,
    SqsQueue,
    StorageQueue,
)
from twin2multicloud.deployer.deployment import Site as Place
from twin2multicloud.model.slots import Provider
from twin2multicloud.runtime.adapters.aws.build import AwsConfig, AwsPorts
from twin2multicloud.runtime.adapters.gcp.build import GcpConfig, GcpPorts
from twin2multicloud.runtime.adapters.gcp.clients import Clients
from twin2multicloud.runtime.adapters.gcp.patience import Patience
from twin2multicloud.runtime.envelope import ALERT, COMMAND_RESULT, Event, encode, encode_batch
from twin2multicloud.runtime.error_events import error_events
from twin2multicloud.runtime.failures import ErrorKind, ErrorReport

pytest_plugins = ("tests.standins.azure.fixtures", "tests.standins.gcp.fixtures")
AWS = Place(Provider.AWS, "eu-central-1")


def report(message: str = "no answer", kind: ErrorKind = ErrorKind.LINK_TIMEOUT) -> ErrorReport:
    return ErrorReport("L2", "warning", kind, message, "persist-sender", device="", link="persist", trace="abc")


@dataclass
class Queue:
    """A queue that hands everything out again until it is deleted."""

    waiting: list[bytes] = field(default_factory=list)
    deleted: list[bytes] = field(default_factory=list)
    away: str = ""
    undeletable: bool = False
    handed: bool = False

    def receive(self) -> Sequence[Message]:
        if self.away:
            raise QueueError(self.away)
        self.handed = not self.handed
        return [Message(body, body) for body in self.waiting] if self.handed else []

    def delete(self, messages: Sequence[Message]) -> None:
        if self.undeletable:
            raise QueueError("it broke")
        for each in messages:
            self.deleted.append(each.receipt)
            if each.receipt in self.waiting:
                self.waiting.remove(each.receipt)

    def put(self, site: Site, *reports: ErrorReport) -> None:
        self.waiting += [encode(event) for event in error_events(reports, "greenhouse", "aws", site.clock.now())]


@pytest.fixture
def twin(here: Site, owner: Person) -> str:
    found: str = owner.create_twin()["id"]
    deployed(here, found, AWS)
    return found


def deployed(here: Site, twin: str, *sites: Place) -> None:
    with here.backend.database.write() as session:
        for site in sites:
            name = f"foundation-{site.provider.value}-{site.region}"
            session.add(
                Stack(
                    twin_id=twin, target="clouds", name=name, slot="", site=str(site), fingerprint="x", whole=True,
                    applied_at=here.backend.now(),
                )
            )  # fmt: skip


def collector(here: Site, queues: Mapping[Place, ErrorQueue] | Callable[[str], Any]) -> Collector:
    """One that has just been started: nothing is known but what was kept."""
    opening = queues if callable(queues) else lambda twin_id: queues
    return Collector(here.backend, {"clouds": CloudSource(here.backend, opening)})


def collect(here: Site, made: Collector) -> None:
    for twin_id, target in made.deployed():
        here.clock.pass_by(10)
        made.collect(twin_id, target)


def alerts(owner: Person) -> dict[str, Any]:
    return {each["kind"]: each for each in owner.get("alerts")["items"]}


def test_errors_become_alerts_and_are_deleted_afterwards(here: Site, owner: Person, twin: str) -> None:
    there = Queue()
    there.put(here, report(), report(), report("full", ErrorKind.QUOTA))
    rule = {"rule": "too-warm", "severity": "critical", "message": "40 °C", "active": True}
    at = "2026-11-26T08:00:00.000000Z"
    there.waiting.append(encode_batch([Event("a", "/x", ALERT, "sensor-1", at, rule)]))
    there.waiting.append(encode(Event("b", "/x", COMMAND_RESULT, "sensor-1", at, {"status": "ok"})))
    collect(here, collector(here, {AWS: there}))
    found = alerts(owner)
    assert {kind: each["count"] for kind, each in found.items()} == {"link-timeout": 2, "quota": 1, "rule": 1}
    assert (found["link-timeout"]["cloud"], found["link-timeout"]["data"]["link"]) == ("aws", "persist")
    assert found["rule"]["severity"] == "critical"
    assert there.waiting == []


def test_what_comes_again_is_known(here: Site, owner: Person, twin: str) -> None:
    there = Queue(undeletable=True)
    there.put(here, report())
    for _ in range(3):  # each as after a restart, before which nothing was deleted
        collect(here, collector(here, {AWS: there}))
    assert alerts(owner)["link-timeout"]["count"] == 1
    assert len(there.waiting) == 1
    there.undeletable = False
    collect(here, collector(here, {AWS: there}))
    assert there.waiting == []
    assert alerts(owner)["link-timeout"]["count"] == 1


def test_nothing_is_deleted_before_it_is_written(
    here: Site, owner: Person, twin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = Queue()
    there.put(here, report())

    def die(*_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(Collector, "_keep", die)
        with pytest.raises(SystemExit):
            collect(here, collector(here, {AWS: there}))
    assert len(there.waiting) == 1
    collect(here, collector(here, {AWS: there}))
    assert alerts(owner)["link-timeout"]["count"] == 1


def test_poison_is_counted_and_kept_and_holds_nobody_up(here: Site, owner: Person, twin: str) -> None:
    there = Queue([b"\xff\xfenothing", b"{}", b'[{"specversion": "1.0"}]'])
    bad = error_events([report()], "greenhouse", "aws", here.clock.now())[0]
    bad.data = {"kind": "of-a-later-version", "layer": "L2"}
    there.waiting.append(encode(bad))
    there.put(here, report())
    collect(here, collector(here, {AWS: there}))
    found = alerts(owner)
    assert found["unreadable"]["count"] == 4
    assert "of-a-later-version" in found["unreadable"]["data"]["sample"]
    assert found["link-timeout"]["count"] == 1
    assert there.waiting == []


def test_a_queue_that_is_away_is_told_once_and_holds_up_no_other(here: Site, owner: Person, twin: str) -> None:
    azure = Place(Provider.AZURE, "westeurope")
    away, there = Queue(away="its error queue cannot be read (AccessDenied)"), Queue()
    made = collector(here, {AWS: away, azure: there})
    there.put(here, report())
    for _ in range(3):
        collect(here, made)
    found = alerts(owner)
    assert (found["errors-queue"]["count"], found["errors-queue"]["cloud"]) == (1, "aws")
    assert "AccessDenied" in found["errors-queue"]["message"]
    assert found["link-timeout"]["count"] == 1
    away.away = ""
    away.put(here, report("again"))
    collect(here, collector(here, {AWS: away, azure: there}))  # after a restart
    assert alerts(owner)["errors-queue"]["over"]


def test_it_is_asked_as_often_as_the_settings_say(here: Site, twin: str) -> None:
    asked: list[str] = []
    made = collector(here, lambda twin_id: asked.append(twin_id) or {})  # type: ignore[func-returns-value]
    for _ in range(10):
        here.clock.pass_by(1)
        made.collect(twin, "clouds")
    assert len(asked) == 1, "queues are looked for every quarter of an hour"


def test_queues_are_found_by_outputs_and_opened_with_the_connection(
    here: Site, owner: Person, twin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(QueueError, match="there is no connection"):
        queues_of(here.backend, twin)
    owner.post(f"workspaces/{here.workspace_id}/connections", cloud_accounts.aws(), 201)
    saved(here, twin, "clouds", "foundation-aws-eu-central-1", 1, {"errors_queue": {"url": "https://sqs/errors"}})
    seen: list[Any] = []

    def opened(*given: Any) -> Queue:
        seen.append(given)
        return Queue()

    monkeypatch.setattr(cloud_source, "opened", opened)
    assert list(queues_of(here.backend, twin)) == [AWS]
    ((provider, region, output, environ),) = seen
    assert (provider, region, output["url"]) == (Provider.AWS, "eu-central-1", "https://sqs/errors")
    assert environ["AWS_SECRET_ACCESS_KEY"] == cloud_accounts.SECRET_ACCESS_KEY


# ── The clouds' own protocols ───────────────────────────────────────────────────────────────────────────────
def emptied(queue: ErrorQueue, wanted: int) -> list[bytes]:
    """So many messages, taken out of a queue; and that nothing is left."""
    found: list[bytes] = []
    deadline = time.monotonic() + PATIENCE_S
    while len(found) < wanted and time.monotonic() < deadline:
        messages = queue.receive()
        found += [each.body for each in messages]
        if messages:
            queue.delete(messages)
    assert queue.receive() == []
    return found


@dataclass
class Still:
    """A clock that stands."""

    time: float

    def now(self) -> float:
        return self.time


@pytest.mark.slow
def test_errors_come_through_sns_and_sqs(sqlite_site: Site) -> None:
    owner, clients = sqlite_site.person("olga"), ministack().clients
    twin = owner.create_twin()["id"]
    deployed(sqlite_site, twin, AWS)
    url = queue(clients, "errors")
    config = AwsConfig("greenhouse", topics={"errors": topic_to(clients, "errors", url)})
    AwsPorts(config, clients=clients, clock=Still(sqlite_site.clock.now())).reporter.report([report(), report()])
    clients.get("sqs").send_message(QueueUrl=url, MessageBody="no event")
    made = collector(sqlite_site, {AWS: SqsQueue(clients.get("sqs"), url)})
    deadline = time.monotonic() + PATIENCE_S
    while set(alerts(owner)) != {"link-timeout", "unreadable"} or alerts(owner)["link-timeout"]["count"] < 2:
        assert time.monotonic() < deadline, alerts(owner)
        collect(sqlite_site, made)
    assert alerts(owner)["link-timeout"]["count"] == 2
    attributes = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    left = clients.get("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=attributes)["Attributes"]
    assert set(left.values()) == {"0"}
    with pytest.raises(QueueError, match="cannot be read"):
        SqsQueue(clients.get("sqs"), f"{url}-gone").receive()


@pytest.mark.slow
def test_errors_come_through_azure_storage(azurite: Azurite, sqlite_site: Site) -> None:
    name = f"errors-{uuid.uuid4().hex[:8]}"
    client = QueueClient.from_connection_string(azurite.connection_string, name)
    client.create_queue()
    bodies = [encode(event) for event in error_events([report()] * 40, "greenhouse", "azure", 1.0)]
    for body in bodies:  # as Event Grid writes
        client.send_message(base64.b64encode(body).decode())
    client.send_message("no event")
    made = StorageQueue(client)
    assert sorted(emptied(made, 41)) == sorted([*bodies, b"no event"])
    assert client.get_queue_properties().approximate_message_count == 0
    gone = StorageQueue(QueueClient.from_connection_string(azurite.connection_string, "none-such", retry_total=0))
    with pytest.raises(QueueError, match="QueueNotFound"):
        gone.receive()


@pytest.mark.slow
def test_errors_come_through_pubsub(clients: Clients, pubsub_host: str, patience: Patience) -> None:
    prefix = f"t2m-{uuid.uuid4().hex[:8]}-"
    topic, subscription = (
        f"projects/{PROJECT}/topics/{prefix}errors",
        f"projects/{PROJECT}/subscriptions/{prefix}errors",
    )
    clients.publisher.create_topic(name=topic)
    clients.subscriber.create_subscription(name=subscription, topic=topic)
    config = GcpConfig(twin="greenhouse", project=PROJECT, prefix=prefix, patience=patience)
    ports = GcpPorts(config, {"PUBSUB_EMULATOR_HOST": pubsub_host}, clock=Still(1.0))
    ports.reporter.report([report(), report("full", ErrorKind.QUOTA)])
    made = PubSubQueue(clients.subscriber, subscription)
    bodies = emptied(made, 2)
    assert sum(body.count(b'"type":"twin2multicloud.error"') for body in bodies) == 2
    with pytest.raises(QueueError, match=r"NOT_FOUND|NotFound"):
        PubSubQueue(clients.subscriber, f"{subscription}-gone").receive()
