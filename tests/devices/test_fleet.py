"""Simulated devices with certificates of the deployment's authority, at a real broker that demands them (Mosquitto)."""

from __future__ import annotations

import asyncio
import getpass
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.gateway.harness import ManualClock, until
from tests.simulator.site import NOW
from tests.simulator.test_mosquitto import Broker
from tests.simulator.twins import SPEC, TWIN
from tests.standins.azure.rig import Certificates, make_certificates
from twin2multicloud.deployer.devices.authority import Authority
from twin2multicloud.deployer.devices.fleet import write_fleet
from twin2multicloud.model.errors import UsageError
from twin2multicloud.simulator.connection import read_connection, target_of
from twin2multicloud.simulator.report import Report
from twin2multicloud.simulator.simulation import Plan, Simulation

pytestmark = pytest.mark.slow

ISSUED = datetime.now(UTC)
AUTHORITY = Authority.make("house-k3x9f", ISSUED)
DEVICES: dict[str, Any] = {
    "endpoint": "localhost",
    "client_id": "house-k3x9f-{device}",
    "topics": [f"rules/{kind}/dt/{TWIN}/{{device}}/{kind}" for kind in ("telemetry", "results", "state")],
    "commands": f"dt/{TWIN}/{{device}}/commands",
}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("server"))


@pytest.fixture
def broker(tmp_path: Path, certificates: Certificates) -> Iterator[Broker]:
    """Lets in who shows a certificate of the authority; each device may use its own topics under its own name."""
    made = Broker(tmp_path)
    (tmp_path / "devices.pem").write_bytes(AUTHORITY.pem)
    (tmp_path / "acl").write_text(
        "".join(f"pattern write rules/{kind}/dt/{TWIN}/%u/{kind}\n" for kind in ("telemetry", "results", "state"))
        + f"pattern read dt/{TWIN}/%u/commands\nuser listener\ntopic read rules/#\n"
    )
    (tmp_path / "mosquitto.conf").write_text(
        f"user {getpass.getuser()}\nlistener {made.port} 127.0.0.1\nallow_anonymous false\npersistence false\n"
        f"certfile {certificates.server}\nkeyfile {certificates.key}\ncafile {tmp_path / 'devices.pem'}\n"
        f"require_certificate true\nuse_identity_as_username true\nacl_file {tmp_path / 'acl'}\n"
    )
    made.start()
    yield made
    made.kill()


def simulate(directory: Path, plan: Plan) -> Simulation:
    connection = read_connection(directory / "connection.json")
    return Simulation(
        SPEC,
        target_of(connection),
        connection.key_of(),
        plan,
        clock=ManualClock(NOW),
        dialect=connection.dialect(directory),
    )


def issue(directory: Path, broker: Broker, certificates: Certificates, authority: Authority = AUTHORITY) -> None:
    devices = {**DEVICES, "mqtt_port": broker.port}
    servers = certificates.authority.read_bytes()
    assert write_fleet(directory, TWIN, devices, SPEC.device_names, authority, ISSUED, servers=servers) == 21


def test_devices_are_let_in_by_certificate_and_speak_as_the_cloud_wants(
    broker: Broker, certificates: Certificates, tmp_path: Path
) -> None:
    issue(tmp_path / "fleet", broker, certificates)
    heard: dict[str, list[bytes]] = {}
    listener = _listener(broker, certificates, tmp_path, heard)

    async def inside() -> Report:
        report = await simulate(tmp_path / "fleet", Plan(0.05, messages_per_device=5)).run()
        await until(lambda: sum(map(len, heard.values())) == 105)
        return report

    report = asyncio.run(inside())
    listener.disconnect()
    listener.loop_stop()
    assert (report.complete, report.acked) == (True, 105)
    assert set(heard) == {f"rules/telemetry/dt/{TWIN}/{device}/telemetry" for device in SPEC.device_names}


def test_certificates_of_another_authority_open_nothing(
    broker: Broker, certificates: Certificates, tmp_path: Path
) -> None:
    issue(tmp_path / "fleet", broker, certificates, Authority.make("another", ISSUED))

    async def inside() -> Report:
        simulation = simulate(tmp_path / "fleet", Plan(0.05, messages_per_device=1))
        running = asyncio.create_task(simulation.run())
        await asyncio.sleep(1.0)
        simulation.finish()
        simulation.finish()
        return await running

    assert asyncio.run(inside()).acked == 0


def test_a_device_without_a_certificate_says_so(broker: Broker, certificates: Certificates, tmp_path: Path) -> None:
    issue(tmp_path / "fleet", broker, certificates)
    for file in (tmp_path / "fleet/certificates").iterdir():
        file.unlink()
    report = asyncio.run(simulate(tmp_path / "fleet", Plan(0.05, messages_per_device=1)).run())
    assert report.acked == 0
    assert "is no certificate with its key" in report.last_refusal


def test_only_aws_devices_are_simulated_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="only devices of AWS IoT Core can be simulated so"):
        write_fleet(tmp_path, TWIN, {"endpoint": "x.azure-devices.net"}, ["a"], AUTHORITY, ISSUED)


def _listener(
    broker: Broker, certificates: Certificates, directory: Path, heard: dict[str, list[bytes]]
) -> paho.Client:
    identity = AUTHORITY.certify("listener", ISSUED)
    (directory / "listener.pem").write_bytes(identity.chain + identity.key)
    context = ssl.create_default_context(cafile=str(certificates.authority))
    context.load_cert_chain(directory / "listener.pem")
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="listener")
    client.tls_set_context(context)
    subscribed: list[object] = []
    client.on_connect = lambda client, *_: client.subscribe("rules/#", qos=1)
    client.on_subscribe = lambda *_: subscribed.append(1)
    client.on_message = lambda _c, _d, message: heard.setdefault(message.topic, []).append(bytes(message.payload))
    client.connect("localhost", broker.port)
    client.loop_start()
    asyncio.run(until(lambda: subscribed))
    return client
