"""What a device is handed works with the libraries that devices use, and is private."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from google.auth import identity_pool

from twin2multicloud.deployer.devices.authority import Authority
from twin2multicloud.deployer.devices.bundles import certificate_wanted, device_bundle, write_bundle
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider

NOW = datetime.now(UTC)
AUTHORITY = Authority.make("test", NOW)
IDENTITY = AUTHORITY.certify("meter-001", NOW)

AWS: dict[str, Any] = {
    "endpoint": "abc-ats.iot.eu-central-1.amazonaws.com",
    "mqtt_port": 8883,
    "client_id": "house-k3x9f-{device}",
    "topics": [
        f"$aws/rules/house_k3x9f_{kind}/dt/house/{{device}}/{kind}" for kind in ("telemetry", "results", "state")
    ],
    "commands": "dt/house/{device}/commands",
}
AZURE: dict[str, Any] = {"endpoint": "house-k3x9f.azure-devices.net", "authentication": "x509-ca"}
DIRECT: dict[str, Any] = {
    "kind": "pubsub",
    "token_url": "https://sts.mtls.googleapis.com/v1/token",
    "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/devices",
    "endpoint": "https://pubsub.googleapis.com/v1/projects/offline-project/topics/house-gateway:publish",
    "project": "offline-project",
    "topic": "house-gateway",
    "command_topics": {"prefix": "house-device-", "publisher": "sender@offline-project.iam.gserviceaccount.com"},
}
GATEWAY: dict[str, Any] = {"kind": "gateway", "endpoint": "https://gateway-abc.a.run.app"}


def connection(files: dict[str, bytes]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(files["connection.json"])
    return found


def test_an_aws_device_connects_under_its_prefixed_name() -> None:
    files = device_bundle(Provider.AWS, "house", AWS, "meter-001", identity=IDENTITY)
    told = connection(files)
    assert told["url"] == "mqtts://abc-ats.iot.eu-central-1.amazonaws.com:8883"
    assert told["client_id"] == "house-k3x9f-meter-001"
    assert told["topics"]["telemetry"] == "$aws/rules/house_k3x9f_telemetry/dt/house/meter-001/telemetry"
    assert told["topics"]["commands"] == "dt/house/meter-001/commands"
    assert AUTHORITY.pem in files["certificate.pem"]  # provisioning at the first connection wants the whole chain
    assert b"PRIVATE" not in files["connection.json"]


def test_an_azure_device_shows_its_certificate_or_signs(tmp_path: Path) -> None:
    told = connection(device_bundle(Provider.AZURE, "house", AZURE, "meter-001", identity=IDENTITY))
    assert (told["proof"], told["client_id"]) == ("x509", "meter-001")
    assert told["username"].startswith("house-k3x9f.azure-devices.net/meter-001/?api-version=")
    assert told["topics"]["telemetry"] == "devices/meter-001/messages/events/kind=telemetry"
    sas = device_bundle(Provider.AZURE, "house", {**AZURE, "authentication": "sas"}, "meter-001", symmetric_key="a2V5")
    assert set(sas) == {"connection.json"}
    assert (connection(sas)["proof"], connection(sas)["key"]) == ("sas", "a2V5")


def test_googles_library_takes_a_direct_devices_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bundle(device_bundle(Provider.GCP, "house", DIRECT, "meter-001", identity=IDENTITY), tmp_path)
    monkeypatch.chdir(tmp_path)
    told_google = json.loads((tmp_path / "credentials.json").read_text())
    credentials = identity_pool.Credentials.from_info(told_google)  # type: ignore[no-untyped-call]
    (leaf,) = json.loads(credentials.retrieve_subject_token(None))
    certificate = x509.load_pem_x509_certificate(IDENTITY.chain)
    assert base64.b64decode(leaf) == certificate.public_bytes(Encoding.DER)
    told = connection({"connection.json": (tmp_path / "connection.json").read_bytes()})
    assert told["topics"]["commands"] == "projects/offline-project/subscriptions/house-device-meter-001"


def test_a_gateway_device_has_the_key_that_the_gateway_derives() -> None:
    told = connection(device_bundle(Provider.GCP, "house", GATEWAY, "meter-001", secret=b"s" * 32))
    right = hmac.digest(b"s" * 32, b"meter-001", hashlib.sha256)
    assert base64.urlsafe_b64decode(told["key"] + "=") == right
    assert told["topics"]["telemetry"] == "https://gateway-abc.a.run.app/devices/meter-001/telemetry"


def test_only_those_that_show_certificates_need_one() -> None:
    assert certificate_wanted(Provider.AWS, AWS)
    assert certificate_wanted(Provider.AZURE, AZURE)
    assert certificate_wanted(Provider.GCP, DIRECT)
    assert not certificate_wanted(Provider.GCP, GATEWAY)


@pytest.mark.parametrize(
    ("provider", "devices", "told"),
    [
        (Provider.AWS, AWS, "connects with a certificate; issue one first"),
        (Provider.AZURE, {**AZURE, "authentication": "sas"}, "signs with a key of the hub"),
        (Provider.GCP, GATEWAY, "is not known; deploy the twin first"),
        (Provider.AZURE, {}, "puts out no devices.endpoint; deploy it again"),
    ],
)
def test_what_is_missing_is_named(provider: Provider, devices: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        device_bundle(provider, "house", devices, "meter-001")


def test_another_devices_certificate_is_not_handed_out() -> None:
    with pytest.raises(UsageError, match="'meter-002' connects with a certificate"):
        device_bundle(Provider.AWS, "house", AWS, "meter-002", identity=IDENTITY)


def test_a_written_bundle_is_private_and_can_be_written_again(tmp_path: Path) -> None:
    files = device_bundle(Provider.AWS, "house", AWS, "meter-001", identity=IDENTITY)
    for _ in range(2):
        write_bundle(files, tmp_path / "meter-001")
    written = {file.name: file for file in (tmp_path / "meter-001").iterdir()}
    assert set(written) == {"connection.json", "certificate.pem", "key.pem"}
    assert {file.stat().st_mode & 0o777 for file in written.values()} == {0o600}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_cert_chain(written["certificate.pem"], written["key.pem"])
