"""Command topics of devices on the Pub/Sub emulator: what a device is sent reaches its own subscription."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent import futures
from dataclasses import replace
from pathlib import Path

import grpc  # type: ignore[import-untyped]
import msgspec
import pytest
from google.iam.v1 import iam_policy_pb2, policy_pb2  # type: ignore[import-untyped]
from google.pubsub_v1 import PublisherClient, SubscriberClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

from tests.contracts.base import unique
from tests.finishing.rig import Told
from tests.sandbox.twins import small_twin
from twin2multicloud.deployer.devices.kept import KeptDocuments
from twin2multicloud.deployer.finishing.device_topics import (
    DeviceRights,
    DeviceTopicsMaker,
    commanded,
    make_topics,
    remove_topics,
)
from twin2multicloud.deployer.finishing.ledger import Ledger
from twin2multicloud.deployer.folder import FolderDocuments
from twin2multicloud.model.spec import DeviceGroup
from twin2multicloud.runtime.adapters.gcp.clients import Clients
from twin2multicloud.runtime.adapters.gcp.patience import Patience
from twin2multicloud.runtime.adapters.gcp.pubsub import DeviceTopics
from twin2multicloud.runtime.failures import DeviceOfflineError
from twin2multicloud.runtime.ports import Command

pytest_plugins = ("tests.standins.gcp.fixtures",)

SPEC, _ = small_twin(8)  # six meters, which understand commands, and two lamps, which do not


@pytest.fixture
def maker(clients: Clients) -> DeviceTopicsMaker:
    return DeviceTopicsMaker(clients.publisher, clients.subscriber, clients.project, f"{unique('twin')}-")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(KeptDocuments(FolderDocuments(tmp_path)), "topics")


def received(maker: DeviceTopicsMaker, device: str) -> list[str]:
    _, subscription = maker.paths(device)
    answer = maker.subscriber.pull(subscription=subscription, max_messages=10, timeout=5)
    return [json.loads(message.message.data)["id"] for message in answer.received_messages]


def test_commands_reach_the_devices_that_understand_them(
    maker: DeviceTopicsMaker, ledger: Ledger, told: Told, patience: Patience
) -> None:
    assert make_topics(SPEC, maker, ledger, told) == (6, 0)
    commands = DeviceTopics(maker.publisher, maker.project, maker.prefix, patience)
    commands.send([Command("c-1", "meter-003", "reset")])
    assert received(maker, "meter-003") == ["c-1"]
    with pytest.raises(DeviceOfflineError, match="lamp-0"):
        commands.send([Command("c-2", "lamp-0", "reset")])
    assert make_topics(SPEC, maker, ledger, told) == (0, 0)


def test_topics_leave_with_their_devices(
    maker: DeviceTopicsMaker, ledger: Ledger, told: Told, patience: Patience
) -> None:
    make_topics(SPEC, maker, ledger, told)
    fewer = msgspec.structs.replace(SPEC, devices=(DeviceGroup("meter", prefix="meter-", width=3, count=4),))
    assert make_topics(fewer, maker, ledger, told) == (0, 2)
    commands = DeviceTopics(maker.publisher, maker.project, maker.prefix, patience)
    with pytest.raises(DeviceOfflineError, match="meter-006"):
        commands.send([Command("c-1", "meter-006", "reset")])
    assert remove_topics(maker, ledger, told) == 4
    with pytest.raises(DeviceOfflineError, match="meter-001"):
        commands.send([Command("c-2", "meter-001", "reset")])
    assert remove_topics(maker, ledger, told) == 0


def test_a_project_that_was_emptied_gets_its_topics_again(maker: DeviceTopicsMaker, ledger: Ledger, told: Told) -> None:
    make_topics(SPEC, maker, ledger, told)
    for device in SPEC.device_names:
        maker.remove(device)
    assert make_topics(SPEC, maker, ledger, told) == (6, 0)
    assert maker.has("meter-001")


def test_topics_that_exist_already_stay(maker: DeviceTopicsMaker, tmp_path: Path, told: Told) -> None:
    """As after a load that was killed before it could note anything."""
    first, second = (Ledger(KeptDocuments(FolderDocuments(tmp_path / name)), "topics") for name in ("one", "other"))
    make_topics(SPEC, maker, first, told)
    assert make_topics(SPEC, maker, second, told) == (6, 0)
    assert [group.type for group in commanded(SPEC).devices] == ["meter"]


# ── Rights, which the emulator does not know ────────────────────────────────────────────────────────────────
class FakeIamPolicy(grpc.GenericRpcHandler):  # type: ignore[misc]  # it has no types
    """A FAKE of Pub/Sub's IAM service over gRPC: keeps the policies it is given. It checks nothing that Google does."""

    def __init__(self) -> None:
        self.policies: dict[str, policy_pb2.Policy] = {}

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        if details.method != "/google.iam.v1.IAMPolicy/SetIamPolicy":
            return None
        return grpc.unary_unary_rpc_method_handler(
            self._set, iam_policy_pb2.SetIamPolicyRequest.FromString, policy_pb2.Policy.SerializeToString
        )

    def _set(self, request: iam_policy_pb2.SetIamPolicyRequest, _context: object) -> policy_pb2.Policy:
        self.policies[request.resource] = request.policy
        return request.policy


@pytest.fixture
def iam() -> Iterator[tuple[FakeIamPolicy, PublisherClient, SubscriberClient]]:
    fake = FakeIamPolicy()
    server = grpc.server(futures.ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((fake,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        publisher = PublisherClient(transport=PublisherGrpcTransport(channel=channel))
        yield fake, publisher, SubscriberClient(transport=SubscriberGrpcTransport(channel=channel))
    server.stop(None).wait()


def test_a_device_reads_and_the_sender_writes_and_nobody_else_does_either(
    maker: DeviceTopicsMaker,
    iam: tuple[FakeIamPolicy, PublisherClient, SubscriberClient],
    ledger: Ledger,
    told: Told,
) -> None:
    fake, publisher, subscriber = iam
    rights = DeviceRights(
        publisher, subscriber, lambda device: f"principal://pool/subject/{device}", "serviceAccount:p"
    )
    make_topics(SPEC, replace(maker, rights=rights), ledger, told)
    assert len(fake.policies) == 12
    for resource, policy in fake.policies.items():
        device = resource.rpartition("device-")[2]
        (binding,) = policy.bindings
        assert (binding.role, list(binding.members)) == (
            ("roles/pubsub.publisher", ["serviceAccount:p"])
            if "/topics/" in resource
            else ("roles/pubsub.subscriber", [f"principal://pool/subject/{device}"])
        )
