"""Fixtures over the stand-ins, one of each per test process. Test modules name this file in `pytest_plugins`."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.standins.azure import emulators
from tests.standins.azure.fake_digital_twins import FakeDigitalTwins, fake_digital_twins
from tests.standins.azure.fake_event_grid import FakeEventGrid, fake_event_grid
from tests.standins.azure.fake_iot_hub import FakeIotHub, fake_iot_hub
from tests.standins.azure.fake_key_vault import FakeKeyVault, fake_key_vault
from tests.standins.azure.rig import Certificates, make_certificates
from twin2multicloud.runtime.adapters.azure.build import AzureConfig, AzurePorts, Emulators

DATABASE = "twin2multicloud"
CONTAINERS = {"hot": "/device", "graph": "/key", "rules": "/device", "nonces": "/link", "dead-letters": "/letter"}
QUEUES = ("intake", "actions", "persist-outbox", "twin-updates-outbox", "commands-outbox", "telemetry-outbox")

OpenPorts = Callable[..., AzurePorts]


@pytest.fixture(scope="session")
def azure_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("azure")


@pytest.fixture(scope="session")
def certificates(azure_directory: Path) -> Certificates:
    return make_certificates(azure_directory)


@pytest.fixture(scope="session")
def azurite(azure_directory: Path) -> Iterator[emulators.Azurite]:
    from azure.storage.blob import BlobServiceClient
    from azure.storage.queue import QueueServiceClient

    with emulators.azurite(azure_directory) as made:
        with BlobServiceClient.from_connection_string(made.connection_string) as blobs:
            for name in ("cool", "archive", "overflow"):
                blobs.create_container(name)
        with QueueServiceClient.from_connection_string(made.connection_string) as queues:
            for name in QUEUES:
                queues.create_queue(name)
        yield made


@pytest.fixture(scope="session")
def cosmos(azure_directory: Path) -> Iterator[str]:
    with emulators.cosmos(azure_directory) as url:
        make_database(url, DATABASE)
        yield url


def make_database(url: str, name: str) -> None:
    """A Cosmos DB database with a twin's containers."""
    from azure.cosmos import CosmosClient, PartitionKey

    client = CosmosClient(url, emulators.COSMOS_KEY, enable_endpoint_discovery=False)
    database = client.create_database(name)
    for container, path in CONTAINERS.items():
        database.create_container(container, PartitionKey(path), default_ttl=-1)
    client.close()


@pytest.fixture(scope="session")
def event_grid() -> Iterator[FakeEventGrid]:
    with fake_event_grid() as grid:
        yield grid


@pytest.fixture(scope="session")
def iot_hub(certificates: Certificates) -> Iterator[FakeIotHub]:
    with fake_iot_hub(certificates) as hub:
        yield hub


@pytest.fixture(scope="session")
def digital_twins(certificates: Certificates) -> Iterator[FakeDigitalTwins]:
    with fake_digital_twins(certificates) as state:
        yield state


@pytest.fixture(scope="session")
def key_vault(certificates: Certificates) -> Iterator[FakeKeyVault]:
    with fake_key_vault(certificates) as vault:
        yield vault


@pytest.fixture
def open_ports() -> Iterator[OpenPorts]:
    """Makes ports from fields of `AzureConfig` and `Emulators`, and closes them at the end of the test."""
    with contextlib.ExitStack() as closing:

        def make(**fields: Any) -> AzurePorts:
            local = {name: fields.pop(name) for name in list(fields) if name in Emulators.__struct_fields__}
            ports = AzurePorts(AzureConfig(twin="contract", **fields), Emulators(**local))
            closing.callback(ports.close)
            return ports

        yield make


@pytest.fixture
def cosmos_ports(open_ports: OpenPorts, cosmos: str) -> Callable[[], AzurePorts]:
    return lambda: open_ports(cosmos_url=cosmos, cosmos_database=DATABASE, cosmos_key=emulators.COSMOS_KEY)


@pytest.fixture
def own_cosmos_ports(open_ports: OpenPorts, cosmos: str) -> Callable[[], AzurePorts]:
    """As `cosmos_ports`, over a database that this test has for itself: for those that count all there is."""
    name = f"own-{uuid.uuid4().hex}"
    make_database(cosmos, name)
    return lambda: open_ports(cosmos_url=cosmos, cosmos_database=name, cosmos_key=emulators.COSMOS_KEY)


@pytest.fixture
def storage_ports(open_ports: OpenPorts, azurite: emulators.Azurite, event_grid: FakeEventGrid) -> OpenPorts:
    def make(**fields: Any) -> AzurePorts:
        topics = {name: event_grid.endpoint(name) for name in ("alerts", "errors")}
        settings = {"topics": topics, "topic_key": event_grid.key, **fields}
        return open_ports(storage_connection_string=azurite.connection_string, **settings)

    return make
