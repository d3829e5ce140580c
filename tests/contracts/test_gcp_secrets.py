"""Secrets in Secret Manager, over our fake of it."""

from __future__ import annotations

from collections.abc import Callable

import grpc  # type: ignore[import-untyped]
import pytest

from tests.contracts.base import unique
from tests.contracts.secrets import SecretsContract
from tests.standins.gcp.fake_secret_manager import FakeSecretManager
from tests.standins.gcp.processes import PROJECT
from twin2multicloud.runtime.adapters.gcp.clients import Clients
from twin2multicloud.runtime.adapters.gcp.patience import Patience
from twin2multicloud.runtime.adapters.gcp.secrets import SecretManager
from twin2multicloud.runtime.failures import RejectedError, StoreError

pytest_plugins = ["tests.standins.gcp.fixtures"]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class TestSecrets(SecretsContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def fake(self, secret_manager: tuple[FakeSecretManager, str]) -> FakeSecretManager:
        return secret_manager[0]

    @pytest.fixture
    def open_secrets(
        self, secret_manager: tuple[FakeSecretManager, str], patience: Patience, clock: Clock
    ) -> Callable[[], SecretManager]:
        client = Clients(PROJECT, {"SECRET_MANAGER_EMULATOR_HOST": secret_manager[1]}).secret_manager
        return lambda: SecretManager(client, PROJECT, "t2m-", patience, clock)

    def test_a_value_is_kept_for_a_minute(self, open_secrets: Callable[[], SecretManager], clock: Clock) -> None:
        name = unique("cached")
        reader, writer = open_secrets(), open_secrets()
        writer.put(name, "old")
        assert reader.get(name) == "old"
        writer.put(name, "new")
        clock.now += 59
        assert reader.get(name) == "old"
        clock.now += 1
        assert reader.get(name) == "new"

    def test_versions_before_the_newest_are_destroyed(
        self, open_secrets: Callable[[], SecretManager], fake: FakeSecretManager
    ) -> None:
        name = unique("versions")
        secrets = open_secrets()
        for number in range(5):
            secrets.put(name, f"value-{number}")
        versions = fake.secrets[f"projects/{PROJECT}/secrets/t2m-{name}"]
        assert [data for data, _ in versions] == [b"", b"", b"", b"", b"value-4"]

    def test_throttling_and_outages(self, open_secrets: Callable[[], SecretManager], fake: FakeSecretManager) -> None:
        name = unique("refused")
        open_secrets().put(name, "value")
        fake.failures[:] = [grpc.StatusCode.RESOURCE_EXHAUSTED]
        with pytest.raises(StoreError) as throttled:
            open_secrets().get(name)
        assert throttled.value.quota
        fake.failures[:] = [grpc.StatusCode.PERMISSION_DENIED]
        with pytest.raises(StoreError) as denied:
            open_secrets().get(name)
        assert not denied.value.quota
        fake.failures[:] = [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL]
        assert open_secrets().get(name) == "value"

    def test_what_is_no_secret_is_rejected(self, open_secrets: Callable[[], SecretManager]) -> None:
        with pytest.raises(RejectedError, match="a/b"):
            open_secrets().put("a/b", "x")
        with pytest.raises(RejectedError, match="65536"):
            open_secrets().put(unique("long"), "x" * 70_000)
