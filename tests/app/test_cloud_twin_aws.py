"""A twin in clouds reached through its own adapters: its dead letters and probes in DynamoDB and SQS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.app.backends import Site
from tests.finishing.rig import deployment
from tests.standins.aws.places import queue, table
from tests.standins.aws.server import ministack
from twin2multicloud.app.monitoring.clouds import probing
from twin2multicloud.app.schemas.sandboxes import Letters
from twin2multicloud.app.services import cloud_letters
from twin2multicloud.app.services.cloud_twins import CloudTwin
from twin2multicloud.deployer.finishing.places import DeployedPlaces
from twin2multicloud.deployer.proof.world import World
from twin2multicloud.deployer.stacks import foundation_name
from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.adapters.aws.state import STATE_KEYS
from twin2multicloud.runtime.entry.aws_events import message_of
from twin2multicloud.runtime.envelope import PROBE_DEVICE, Event, RawMessage, encode
from twin2multicloud.runtime.handlers.handover import into_hot
from twin2multicloud.runtime.ports import DeadLetter
from twin2multicloud.runtime.times import to_time

pytestmark = pytest.mark.slow
NOW = 1_764_144_000.0


@pytest.fixture
def opened() -> Iterator[tuple[CloudTwin, Any, str]]:
    """A twin that is whole on AWS, with the client of its queues and the address of its intake."""
    server = ministack()
    clients, deployed = server.clients, deployment("aws")
    intake = queue(clients, "intake")
    hot, state = table(clients, "hot", ("device", "t")), table(clients, "state", STATE_KEYS)
    site = deployed.site(Slot.HOT)
    outputs = {
        foundation_name(site): {"account": "0", "secrets": {"secrets_prefix": "t/"}, "state": {"state_table": state}},
        "L1": {"queues": {}},
        "L2": {"queues": {"intake": {"url": intake}}},
        "L3-hot": {"stores": {"hot_table": hot}},
    }
    places = DeployedPlaces(deployed, outputs, {}, aws_session=lambda _region: server.session())
    yield CloudTwin(deployed, outputs, World((), tuple(outputs)), places, {}), clients.get("sqs"), intake
    places.close()


def taken(sqs: Any, url: str) -> list[Event | RawMessage]:
    """What waits in a queue, as a function reads it."""
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2).get("Messages", [])
    for each in found:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
    return [message_of(each["Body"].encode()) for each in found]


def test_a_dead_letter_goes_back_into_the_queue_that_its_function_reads(
    opened: tuple[CloudTwin, Any, str], sqlite_site: Site
) -> None:
    twin, sqs, intake = opened

    @contextmanager
    def open_twin(_twin_id: str) -> Iterator[CloudTwin]:
        yield twin

    raw = RawMessage("sensor-1", b'{"temperature": "warm"}', NOW)
    store = twin.reached.shared(twin.deployment.sites[0]).dead_letters
    store.put([DeadLetter("aa11", "intake", "not a number", encode(raw), to_time(NOW), "sensor-1")])
    backend = sqlite_site.backend
    assert [each.id for each in cloud_letters.letters(backend, "t", None, 10, open_twin)] == ["aa11"]
    done = cloud_letters.settle(backend, "t", "replay", Letters(ids=["aa"]), open_twin)
    assert (done.done, done.kept) == (["aa11"], [])
    assert taken(sqs, intake) == [raw]
    assert cloud_letters.letters(backend, "t", None, 10, open_twin) == []


def test_a_probe_is_seen_in_the_table_and_deleted(opened: tuple[CloudTwin, Any, str], tmp_path: Path) -> None:
    twin, sqs, intake = opened
    assert probing.can_be_probed(twin)
    probing.send(twin, "prb_1", NOW)
    assert not probing.has_arrived(twin, "prb_1", NOW + 1)
    (probe,) = taken(sqs, intake)
    assert isinstance(probe, Event)
    hot = twin.reached.slot(Slot.HOT).hot
    into_hot(hot, "process")([probe])
    assert probing.has_arrived(twin, "prb_1", NOW + 2)
    assert hot.last(PROBE_DEVICE) is None
