"""Pytest fixtures for the Google Cloud stand-ins: each started when first asked for, once per test process.

Test modules name this module in `pytest_plugins`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.standins.gcp import processes
from tests.standins.gcp.fake_secret_manager import FakeSecretManager, serving
from tests.standins.gcp.processes import PROJECT
from twin2multicloud.runtime.adapters.gcp.clients import Clients
from twin2multicloud.runtime.adapters.gcp.patience import Patience


@pytest.fixture(scope="session")
def gcp_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the stand-ins' logs are."""
    return tmp_path_factory.mktemp("gcp")


@pytest.fixture(scope="session")
def pubsub_host(gcp_directory: Path) -> Iterator[str]:
    with processes.pubsub(gcp_directory) as host:
        yield host


@pytest.fixture(scope="session")
def firestore_host(gcp_directory: Path) -> Iterator[str]:
    with processes.firestore(gcp_directory) as host:
        yield host


@pytest.fixture(scope="session")
def bigtable_host(gcp_directory: Path) -> Iterator[str]:
    with processes.bigtable(gcp_directory) as host:
        yield host


@pytest.fixture(scope="session")
def storage_url(gcp_directory: Path) -> Iterator[str]:
    with processes.storage(gcp_directory) as url:
        yield url


@pytest.fixture(scope="session")
def secret_manager() -> Iterator[tuple[FakeSecretManager, str]]:
    """The fake and its host."""
    fake = FakeSecretManager()
    with serving(fake) as host:
        yield fake, host


@pytest.fixture(scope="session")
def patience() -> Patience:
    return Patience(attempt_s=5.0, total_s=10.0)


@pytest.fixture(scope="session")
def firestore_client(firestore_host: str) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRESTORE_EMULATOR_HOST", firestore_host)
        return Clients(PROJECT, {}).firestore


@pytest.fixture(scope="session")
def storage_client(storage_url: str) -> Iterator[object]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", storage_url)
        client = Clients(PROJECT, {}).storage
    yield client
    client.close()


@pytest.fixture(scope="session")
def clients(pubsub_host: str) -> Clients:
    """Clients of Pub/Sub."""
    return Clients(PROJECT, {"PUBSUB_EMULATOR_HOST": pubsub_host})
