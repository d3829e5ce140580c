"""What a device is handed: where it connects, as whom, on which topics, and what it proves that with.

A bundle is a directory: `connection.json` says everything in words, beside it lie certificate and key (PEM), and for
Google the two files that its libraries read by themselves.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import quote

import msgspec

from twin2multicloud.deployer.devices.authority import DeviceCertificate
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider
from twin2multicloud.runtime.device_keys import device_key

CONNECTION: Final = "connection.json"
CHAIN: Final = "certificate.pem"
KEY: Final = "key.pem"
CREDENTIALS: Final = "credentials.json"
CERTIFICATE_CONFIG: Final = "certificate_config.json"

_MQTTS: Final = 8883
_API: Final = "2021-04-12"
"""Of IoT Hub's MQTT interface."""

Proof = Literal["x509", "sas", "bearer", "federation"]


class DeviceConnection(msgspec.Struct, frozen=True, omit_defaults=True):
    """`connection.json` of one device. `proof` is how it shows who it is: its certificate in TLS (`x509`), a signature
    with its key (`sas`), its key as a bearer token, or a token that Google gives for its certificate (`federation`).
    """

    twin: str
    device: str
    url: str
    proof: Proof
    client_id: str = ""
    username: str = ""
    topics: dict[str, str] = {}
    """What it publishes on, by kind (telemetry, results, state), and `commands`, which it subscribes to."""
    key: str = ""
    """A symmetric key; empty with certificates."""
    certificate: str = ""
    certificate_key: str = ""
    credentials: str = ""
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"DeviceConnection({self.device!r}, {self.url!r}, {self.proof!r})"


def certificate_wanted(provider: Provider, devices: Mapping[str, Any]) -> bool:
    """Whether devices of an L1 with this output `devices` show certificates."""
    if provider is Provider.AWS:
        return True
    if provider is Provider.AZURE:
        return devices.get("authentication") == "x509-ca"
    return devices.get("kind") == "pubsub"


def device_bundle(
    provider: Provider,
    twin: str,
    devices: Mapping[str, Any],
    device: str,
    *,
    identity: DeviceCertificate | None = None,
    secret: bytes = b"",
    symmetric_key: str = "",
) -> dict[str, bytes]:
    """The files of a device's bundle. `devices` is the output of the L1 stack; `secret` is what gateway keys derive
    from, `symmetric_key` an IoT Hub's key of the device.
    """
    makers = {Provider.AWS: _aws, Provider.AZURE: _azure, Provider.GCP: _gcp}
    files: dict[str, bytes] = {}
    if certificate_wanted(provider, devices):
        if identity is None or identity.device != device:
            raise UsageError(f"device '{device}' connects with a certificate; issue one first")
        files = {CHAIN: identity.chain, KEY: identity.key}
    try:
        connection = makers[provider](twin, devices, device, secret, symmetric_key)
    except KeyError as error:
        raise UsageError(f"the stack of L1 puts out no devices.{error.args[0]}; deploy it again") from None
    files[CONNECTION] = _json(connection)
    if connection.credentials:
        files |= {CREDENTIALS: _json(_google_credentials(devices)), CERTIFICATE_CONFIG: _json(_google_certificate())}
    return files


def write_bundle(files: Mapping[str, bytes], directory: Path) -> None:
    """Write a bundle to a directory that only its owner can read; files that are there are replaced."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, content in files.items():
        (directory / name).unlink(missing_ok=True)
        handle = os.open(directory / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as opened:
            opened.write(content)


def _aws(twin: str, devices: Mapping[str, Any], device: str, _secret: bytes, _key: str) -> DeviceConnection:
    topics = {topic.rpartition("/")[2]: topic.replace("{device}", device) for topic in devices["topics"]}
    return DeviceConnection(
        twin,
        device,
        f"mqtts://{devices['endpoint']}:{devices.get('mqtt_port', _MQTTS)}",
        "x509",
        client_id=str(devices["client_id"]).replace("{device}", device),
        topics=topics | {"commands": str(devices["commands"]).replace("{device}", device)},
        certificate=CHAIN,
        certificate_key=KEY,
        notes=("The first connection makes the device known and is ended by the service; connect again.",),
    )


def _azure(twin: str, devices: Mapping[str, Any], device: str, _secret: bytes, key: str) -> DeviceConnection:
    host = str(devices["endpoint"])
    events = f"devices/{device}/messages/events"
    certified = certificate_wanted(Provider.AZURE, devices)
    if not certified and not key:
        raise UsageError(f"device '{device}' signs with a key of the hub; give it")
    return DeviceConnection(
        twin,
        device,
        f"mqtts://{host}:{_MQTTS}",
        "x509" if certified else "sas",
        client_id=device,
        username=f"{host}/{device}/?api-version={_API}",
        topics={
            **{kind: f"{events}/kind={kind}" for kind in ("telemetry", "results", "state")},
            "commands": "$iothub/methods/POST/#",
        },
        key="" if certified else key,
        certificate=CHAIN if certified else "",
        certificate_key=KEY if certified else "",
        notes=("Commands are direct methods: answer on $iothub/methods/res/{status}/?$rid={request id}.",),
    )


def _gcp(twin: str, devices: Mapping[str, Any], device: str, secret: bytes, _key: str) -> DeviceConnection:
    if certificate_wanted(Provider.GCP, devices):
        topics = {"telemetry": f"projects/{devices['project']}/topics/{devices['topic']}"}
        if devices.get("command_topics"):
            name = f"{devices['command_topics']['prefix']}{quote(device, safe='')}"
            topics["commands"] = f"projects/{devices['project']}/subscriptions/{name}"
        return DeviceConnection(
            twin,
            device,
            str(devices["endpoint"]),
            "federation",
            topics=topics,
            certificate=CHAIN,
            certificate_key=KEY,
            credentials=CREDENTIALS,
            notes=(f"Publish with the attributes device = {device} and kind = telemetry, results or state.",),
        )
    if not secret:
        raise UsageError("the secret that devices' keys derive from is not known; deploy the twin first")
    base = str(devices["endpoint"]).rstrip("/")
    return DeviceConnection(
        twin,
        device,
        base,
        "bearer",
        topics={kind: f"{base}/devices/{device}/{kind}" for kind in ("telemetry", "results")},
        key=device_key(secret, device),
    )


def _google_credentials(devices: Mapping[str, Any]) -> dict[str, Any]:
    """What Google's libraries read where `GOOGLE_APPLICATION_CREDENTIALS` points: an external account by mutual TLS."""
    return {
        "type": "external_account",
        "audience": devices["audience"],
        "subject_token_type": "urn:ietf:params:oauth:token-type:mtls",
        "token_url": devices["token_url"],
        "credential_source": {"certificate": {"certificate_config_location": CERTIFICATE_CONFIG}},
    }


def _google_certificate() -> dict[str, Any]:
    return {"cert_configs": {"workload": {"cert_path": CHAIN, "key_path": KEY}}}


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
