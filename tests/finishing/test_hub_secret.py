"""The key of a hub's endpoint goes from the hub into the secret store, and nowhere else."""

from __future__ import annotations

import pytest

from tests.finishing.rig import Stores, Told
from tests.standins.azure.fake_arm import HUB_ID, fake_arm
from tests.standins.azure.rig import Certificates
from twin2multicloud.deployer.deployment import Site
from twin2multicloud.deployer.finishing.hub_secret import write_hub_secret
from twin2multicloud.deployer.finishing.progress import StepError
from twin2multicloud.model.slots import Provider

pytest_plugins = ("tests.standins.azure.fixtures",)

READER = {
    "hub_id": HUB_ID,
    "policy": "reader",
    "endpoint": "sb://ihsuprodx.servicebus.windows.net/",
    "path": "house-123",
    "consumers": ["process"],
}
AZURE = Site(Provider.AZURE, "westeurope")


def test_the_secret_is_what_event_hubs_clients_take(stores: Stores, told: Told, certificates: Certificates) -> None:
    from azure.core.utils import parse_connection_string

    with fake_arm(certificates) as (fake, arm):
        assert write_hub_secret(READER, arm, stores(AZURE), told)
        value = stores(AZURE).get("hub")
        assert parse_connection_string(value) == {
            "endpoint": "sb://ihsuprodx.servicebus.windows.net/",
            "sharedaccesskeyname": "reader",
            "sharedaccesskey": fake.key,
            "entitypath": "house-123",
        }
        assert not write_hub_secret(READER, arm, stores(AZURE), told)
        fake.key = "bmV3"
        assert write_hub_secret(READER, arm, stores(AZURE), told)
    assert "bmV3" in stores(AZURE).get("hub")
    assert "bmV3" not in repr(told.all)


def test_a_missing_permission_is_named(stores: Stores, told: Told, certificates: Certificates) -> None:
    with fake_arm(certificates) as (fake, arm):
        fake.refuse = 403
        with pytest.raises(StepError, match=r"Microsoft.Devices/iotHubs/iotHubKeys/listkeys/action"):
            write_hub_secret(READER, arm, stores(AZURE), told)
        with pytest.raises(StepError, match="lacks 'policy'"):
            write_hub_secret({"hub_id": HUB_ID}, arm, stores(AZURE), told)
