"""Devices in an IoT Hub's registry, through Microsoft's SDK, against a fake hub that speaks its protocol over TLS."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from tests.contracts.test_azure_devices import connect, wait_for  # noqa: F401  (connect is a fixture)
from tests.finishing.rig import Told
from tests.sandbox.twins import small_twin
from tests.standins.azure.fake_iot_hub import FakeIotHub, fake_iot_hub
from tests.standins.azure.rig import Certificates
from twin2multicloud.deployer.devices.kept import KeptDocuments
from twin2multicloud.deployer.finishing.hub_registry import HubRegistry, KeyOf, register_devices, symmetric_key
from twin2multicloud.deployer.finishing.ledger import Ledger
from twin2multicloud.deployer.finishing.progress import StepError
from twin2multicloud.deployer.folder import FolderDocuments
from twin2multicloud.model.spec import DeviceGroup, TwinSpec
from twin2multicloud.runtime.adapters.azure.commands import hub_client

pytest_plugins = ("tests.standins.azure.fixtures",)

SPEC, _ = small_twin(8)


def of(*groups: DeviceGroup) -> TwinSpec:
    return msgspec.structs.replace(SPEC, devices=groups)


def meters(count: int, first: int = 1) -> DeviceGroup:
    return DeviceGroup("meter", prefix="meter-", width=6, first=first, count=count)


@pytest.fixture
def hub(certificates: Certificates) -> Iterator[FakeIotHub]:
    with fake_iot_hub(certificates) as made:
        yield made


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(KeptDocuments(FolderDocuments(tmp_path)), "hub")


class Waits(list[float]):
    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def registry_of(hub: FakeIotHub, certificates: Certificates, waits: Waits) -> Callable[..., HubRegistry]:
    def make(key_of: KeyOf | None = None) -> HubRegistry:
        client = hub_client("", None, hub.connection_string, str(certificates.authority))
        return HubRegistry(client, key_of, sleep=waits)

    return make


Make = Callable[..., HubRegistry]


def test_devices_come_and_go_with_the_definition(
    hub: FakeIotHub, registry_of: Make, ledger: Ledger, told: Told
) -> None:
    hub.add_device("somebody-elses")
    registry = registry_of()
    assert str(register_devices(of(meters(250)), registry, ledger, told)) == "250 created"
    assert hub.bulks == [100, 100, 50]
    assert {device.kind for name, device in hub.devices.items() if name != "somebody-elses"} == {"certificateAuthority"}
    assert (told.all[-1].done, told.all[-1].total) == (250, 250)
    hub.bulks.clear()
    assert str(register_devices(of(meters(250)), registry, ledger, told)) == "250 there already"
    assert hub.bulks == []
    changed = of(meters(240, first=21))
    assert str(register_devices(changed, registry, ledger, told)) == "10 created, 230 there already, 20 removed"
    assert hub.bulks == [10, 20]
    assert set(hub.devices) == {"somebody-elses", *changed.device_names}


def test_a_load_that_broke_off_is_finished_by_the_next(
    hub: FakeIotHub, registry_of: Make, ledger: Ledger, told: Told
) -> None:
    registry = registry_of()
    register_devices(of(meters(3)), registry, ledger, told)
    hub.refuse += [(0, {}), (0, {}), (403, {})]
    with pytest.raises(StepError, match="IoT Hub Registry Contributor"):
        register_devices(of(meters(200, first=3)), registry, ledger, told)
    assert len(hub.devices) == 103
    good = of(meters(120, first=3))
    result = register_devices(good, registry, ledger, told)
    assert set(hub.devices) == set(good.device_names)
    assert (result.created, result.removed) == (19, 2)


def test_a_hub_that_was_made_anew_is_filled_again(
    hub: FakeIotHub, registry_of: Make, ledger: Ledger, told: Told
) -> None:
    registry = registry_of()
    register_devices(of(meters(5)), registry, ledger, told)
    hub.devices.clear()
    assert str(register_devices(of(meters(5)), registry, ledger, told)) == "5 created"


def test_a_device_shows_the_key_that_is_derived_for_it(
    hub: FakeIotHub,
    registry_of: Make,
    ledger: Ledger,
    told: Told,
    connect: Callable[..., object],  # noqa: F811
) -> None:
    secret = b"s" * 32
    registry = registry_of(lambda name: symmetric_key(secret, name))
    register_devices(of(meters(2)), registry, ledger, told)
    connect(hub, "meter-000001", symmetric_key(secret, "meter-000001"))
    connect(hub, "meter-000002", symmetric_key(b"x" * 32, "meter-000002"))
    wait_for(lambda: hub.devices["meter-000001"].session)
    time.sleep(0.1)
    assert hub.devices["meter-000002"].session is None


def test_a_revoked_device_is_cut_off_until_it_is_enabled_again(
    hub: FakeIotHub,
    registry_of: Make,
    ledger: Ledger,
    told: Told,
    connect: Callable[..., object],  # noqa: F811
) -> None:
    secret = b"s" * 32
    registry = registry_of(lambda name: symmetric_key(secret, name))
    register_devices(of(meters(1)), registry, ledger, told)
    connect(hub, "meter-000001", symmetric_key(secret, "meter-000001"))
    wait_for(lambda: hub.devices["meter-000001"].session)
    registry.disable("meter-000001")
    wait_for(lambda: hub.devices["meter-000001"].session is None)
    register_devices(of(meters(1)), registry, ledger, told)  # does not let it in again
    assert not hub.devices["meter-000001"].enabled
    registry.disable("meter-000001", enabled=True)
    assert hub.devices["meter-000001"].enabled


def test_throttling_is_waited_for_as_long_as_the_hub_asks(
    hub: FakeIotHub, registry_of: Make, ledger: Ledger, told: Told, waits: Waits
) -> None:
    hub.refuse += [(503, {}), (429, {"Retry-After": "7"}), (429, {"Retry-After": "700"})]
    hub.throttle = {"meter-000002": 2}
    assert str(register_devices(of(meters(3)), registry_of(), ledger, told)) == "3 created"
    assert waits == [2.0, 7.0, 60.0, 2.0, 4.0]
    assert hub.bulks == [3, 1, 1]


def test_a_hub_that_never_answers_is_given_up_in_the_end(
    hub: FakeIotHub, registry_of: Make, ledger: Ledger, told: Told, waits: Waits
) -> None:
    hub.refuse += [(503, {})] * 20
    with pytest.raises(StepError, match=r"device registry: the hub .* again and again; try again later"):
        register_devices(of(meters(3)), registry_of(), ledger, told)
    assert len(waits) == 12


def test_a_missing_role_is_named(hub: FakeIotHub, registry_of: Make, ledger: Ledger, told: Told) -> None:
    hub.refuse += [(403, {})]
    with pytest.raises(StepError, match="IoT Hub Registry Contributor"):
        register_devices(of(meters(3)), registry_of(), ledger, told)
