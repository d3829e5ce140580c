"""Devices on the fake IoT Hub: with Microsoft's device SDK, and with paho in the hub's dialect of MQTT."""

from __future__ import annotations

import json
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from azure.iot.hub import IoTHubRegistryManager  # type: ignore[import-untyped]
from paho.mqtt.enums import CallbackAPIVersion

from tests.contracts.base import unique
from tests.patience import PATIENCE_S
from tests.standins.azure.fake_iot_hub import HOST, FakeIotHub, fake_iot_hub, sas_token
from tests.standins.azure.rig import HOME, Certificates
from tests.standins.ports import listens
from twin2multicloud.runtime.adapters.azure.build import AzurePorts
from twin2multicloud.runtime.adapters.azure.calls import Pool
from twin2multicloud.runtime.adapters.azure.commands import HubCommands, hub_client
from twin2multicloud.runtime.failures import DeviceOfflineError
from twin2multicloud.runtime.ports import Command

pytest_plugins = ("tests.standins.azure.fixtures",)

Open = Callable[..., AzurePorts]
_SDK_PORT = 8883


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def connect(certificates: Certificates) -> Iterator[Callable[..., mqtt.Client]]:
    """Connects a device that subscribes to direct methods, and answers none."""
    clients: list[mqtt.Client] = []

    def make(hub: FakeIotHub, device: str, key: str) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=device, protocol=mqtt.MQTTv311)
        client.tls_set_context(ssl.create_default_context(cafile=str(certificates.authority)))
        client.username_pw_set(f"{HOST}/{device}/?api-version=2021-04-12", sas_token(f"{HOST}/devices/{device}", key))
        client.will_set(f"devices/{device}/messages/events/", b'{"connected": false}', qos=1)
        client.on_connect = lambda client, *_: client.subscribe("$iothub/methods/POST/#")
        client.connect(HOST, hub.mqtt_port)
        client.loop_start()
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.disconnect()
        client.loop_stop()


def test_microsofts_device_sdk_sends_and_is_commanded(open_ports: Open, certificates: Certificates) -> None:
    python = HOME / "device/bin/python"
    if not python.exists():
        pytest.skip("stand-in missing: azure-iot-device (scripts/standins-azure installs it)")
    if listens(_SDK_PORT):
        pytest.skip("stand-in missing: port 8883 is taken, and the device SDK knows no other")
    with fake_iot_hub(certificates, _SDK_PORT) as hub:
        device = unique("device")
        script = Path(__file__).parents[1] / "standins/azure/device_sdk.py"
        command = [str(python), str(script), device, hub.add_device(device), str(certificates.authority)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                assert process.stdout.readline() == "ready\n"
                (message,) = hub.messages
                assert (message.device, json.loads(message.body)) == (device, {"temperature": 21.5})
                assert message.properties["kind"] == "telemetry"
                ports = open_ports(hub_connection_string=hub.connection_string, authority=str(certificates.authority))
                ports.commands.send([Command("c-1", device, "cool", {"level": 3, "ß": [1.0, None]}, "trace")])
                payload = {"id": "c-1", "name": "cool", "payload": {"level": 3, "ß": [1.0, None]}, "trace": "trace"}
                assert json.loads(process.stdout.readline()) == {"name": "cool", "payload": payload}
                assert process.wait(15) == 0
            finally:
                process.kill()


def test_a_device_that_does_not_answer_or_is_unknown_is_named(
    iot_hub: FakeIotHub, certificates: Certificates, connect: Callable[..., mqtt.Client]
) -> None:
    silent, unknown = unique("silent"), unique("unknown")
    connect(iot_hub, silent, iot_hub.add_device(silent))
    wait_for(lambda: (session := iot_hub.devices[silent].session) and session.methods)
    pool = Pool()
    try:
        commands = HubCommands(
            lambda: hub_client("", None, iot_hub.connection_string, str(certificates.authority)),
            pool,
            response_timeout_s=1,
        )
        with pytest.raises(DeviceOfflineError) as caught:
            commands.send([Command("1", silent, "blink"), Command("2", unknown, "blink")])
    finally:
        pool.close()
    assert silent in str(caught.value)
    assert f"{unknown} (the hub does not know it)" in str(caught.value)


def test_the_fake_hub_checks_who_connects_and_keeps_the_last_will(
    iot_hub: FakeIotHub, connect: Callable[..., mqtt.Client]
) -> None:
    device = unique("device")
    key = iot_hub.add_device(device)
    stranger = connect(iot_hub, device, iot_hub.add_device(unique("other")))
    time.sleep(0.3)
    stranger.loop_stop()
    assert iot_hub.devices[device].session is None
    client = connect(iot_hub, device, key)
    wait_for(lambda: (session := iot_hub.devices[device].session) and session.methods)
    client.publish(f"devices/{device}/messages/events/kind=results&%24.ct=application%2Fjson", b"{}", qos=1)
    wait_for(lambda: any(m.device == device and m.properties.get("kind") == "results" for m in iot_hub.messages))
    client.loop_stop()
    sock = client.socket()
    assert sock is not None
    sock.close()  # without a word
    wait_for(lambda: any(m.properties.get("iothub-MessageType") == "Will" for m in iot_hub.messages))


def test_the_fake_hub_registers_devices_for_the_official_sdk(iot_hub: FakeIotHub, certificates: Certificates) -> None:
    registry: IoTHubRegistryManager = hub_client("", None, iot_hub.connection_string, str(certificates.authority))
    device = unique("device")
    made = registry.create_device_with_sas(device, "a2V5", "a2V5", "enabled")
    assert made.authentication.symmetric_key.primary_key == "a2V5"
    assert registry.get_device(device).connection_state == "Disconnected"
    registry.delete_device(device)
    assert device not in iot_hub.devices
