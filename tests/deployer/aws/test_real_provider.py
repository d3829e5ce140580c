"""AWS's modules applied by the real hashicorp/aws plugin, on ministack: a device's message is found in the table.

Not with the versions that deployments pin: the plugin is whichever a mirror has (5.100 and later are accepted).
Slow by itself: queues take 25 s each (their dead-letter queue first), as the provider waits for what it was told to
hold, and a bucket's lifecycle about as long; all else is quick. So everything is one root module, applied at once.
"""

from __future__ import annotations

import ssl
import threading
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.deployer.aws.bench import FIRST, deployed, stacks_at_aws, terraform
from tests.deployer.aws.real import attached, one_root, outputs, plugin, stand_in_layers
from tests.patience import PATIENCE_S
from tests.standins.aws.server import Ministack, ministack
from twin2multicloud.deployer.clouds.aws.leftovers import forget_devices
from twin2multicloud.deployer.devices.authority import Authority, DeviceCertificate
from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.adapters.aws.build import AwsConfig, AwsPorts
from twin2multicloud.runtime.ports import EntityState

_OPTIONS = ("-input=false", "-parallelism=60")


@pytest.mark.slow
def test_telemetry_of_a_device_is_found_in_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin()
    server = ministack()
    authority = Authority.make("smart-home", datetime.now(UTC))
    stand_in_layers(monkeypatch, tmp_path / "layers")
    deployment = deployed(FIRST, device_ca_pem=authority.pem.decode(), discard=True)
    stacks = tuple(stack for stack in stacks_at_aws(deployment) if stack.slot is not Slot.VISUALIZATION)
    root = one_root(deployment, stacks, server.endpoint, tmp_path)
    for file in (tmp_path / "layers").glob("*.zip"):
        file.rename(root / "packages" / file.name)
    with attached(root) as environment:
        terraform(root, environment, "init", "-input=false")
        terraform(root, environment, "apply", "-auto-approve", *_OPTIONS)
        made = outputs(terraform(root, environment, "output", "-json"))
        _a_message_arrives(server, made, authority)
        terraform(root, environment, "plan", "-detailed-exitcode", *_OPTIONS)
        forget_devices(server.clients.get("iot"), made["L1"]["devices"])
        # The plan has just shown that nothing changed.
        terraform(root, environment, "destroy", "-auto-approve", "-refresh=false", *_OPTIONS)
    _nothing_is_left(server, deployment.names.stem)


def _a_message_arrives(server: Ministack, made: Any, authority: Authority) -> None:
    fields = {"twin": "smart-home", "region": "eu-central-1", "consistent_reads": True}
    ports = AwsPorts(
        msgspec.convert({**fields, **made["L3_hot"]["stores"], **made["L4"]["stores"]}, AwsConfig),
        clients=server.clients,
    )
    spec = deployed().spec
    kind = spec.device_types[0]
    device = next(name for group in spec.devices if group.type == kind.name for name in group)
    ports.graph.put_entities([EntityState(device, kind.model, {}, {})])
    payload: dict[str, Any] = {}
    for field in kind.fields:
        low = 0 if field.minimum is None else field.minimum
        high = low + 1 if field.maximum is None else field.maximum
        values = {"double": (low + high) / 2, "integer": int(low), "boolean": True, "object": {}, "array": []}
        payload[field.name] = values.get(field.type, next(iter(field.allowed), "text"))
    devices = made["L1"]["devices"]
    identity = authority.certify(device, datetime.now(UTC))
    client = _connected(server, devices, device, identity)
    client.publish(f"dt/smart-home/{device}/telemetry", msgspec.json.encode(payload), qos=1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()
    deadline = time.monotonic() + PATIENCE_S
    while (found := ports.hot.last(device)) is None:
        assert time.monotonic() < deadline, f"no record of {device} within {PATIENCE_S:.0f} s"
        time.sleep(0.2)
    assert found.data == payload


def _connected(server: Ministack, devices: Any, device: str, identity: DeviceCertificate) -> mqtt.Client:
    """A device that connects for the first time, is let in by its authority's certificate, and connects again.

    ministack registers the certificate, as IoT Core does, but leaves provisioning to whoever hears of it: that part is
    done here, with the authority's own template.
    """
    home = server.home / f"{device}-identity"
    home.mkdir()
    chain, key, trusted = home / "chain.pem", home / "key.pem", home / "broker.pem"
    chain.write_bytes(identity.chain)
    key.write_bytes(identity.key)
    with urllib.request.urlopen(f"{server.endpoint}/_ministack/iot/ca.pem", timeout=10) as answer:
        trusted.write_bytes(answer.read())
    iot = server.clients.get("iot")
    server.await_broker()
    first = _client(server, devices, device, trusted, chain, key)
    assert not first[1].wait(3), "a certificate that nobody knows was let in"
    first[0].loop_stop()
    registered = iot.list_certificates_by_ca(caCertificateId=devices["authority"])["certificates"]
    (certificate,) = registered
    _provision(iot, devices, device, certificate)
    (thing,) = iot.list_principal_things(principal=certificate["certificateArn"])["things"]
    assert thing == f"{devices['things_prefix']}{device}"
    second = _client(server, devices, device, trusted, chain, key)
    assert second[1].wait(10), "the device was not let in"
    return second[0]


def _provision(iot: Any, devices: Any, device: str, certificate: Any) -> None:
    """What IoT Core does with the template that the authority names."""
    config = iot.describe_ca_certificate(certificateId=devices["authority"])["registrationConfig"]
    body = iot.describe_provisioning_template(templateName=config["templateName"])["templateBody"]
    known = {"AWS::IoT::Certificate::CommonName": device, "AWS::IoT::Certificate::Id": certificate["certificateId"]}
    resources = msgspec.json.decode(body)["Resources"]
    joint, parts = resources["thing"]["Properties"]["ThingName"]["Fn::Join"]
    thing = joint.join(part if isinstance(part, str) else known[part["Ref"]] for part in parts)
    principal = {"principal": certificate["certificateArn"]}
    iot.create_thing(thingName=thing)
    iot.attach_thing_principal(thingName=thing, **principal)
    iot.attach_policy(policyName=resources["policy"]["Properties"]["PolicyName"], target=certificate["certificateArn"])
    own = resources["certificate"]["Properties"]
    iot.update_certificate(certificateId=known[own["CertificateId"]["Ref"]], newStatus=own["Status"])


def _client(
    server: Ministack, devices: Any, device: str, trusted: Path, chain: Path, key: Path
) -> tuple[mqtt.Client, threading.Event]:
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=devices["client_id"].replace("{device}", device),
        clean_session=False,
    )
    context = ssl.create_default_context(cafile=str(trusted))
    context.load_cert_chain(chain, key)
    client.tls_set_context(context)
    connected = threading.Event()
    client.on_connect = lambda _client, _data, _flags, reason, _properties: (
        None if reason.is_failure else connected.set()
    )
    client.connect("localhost", server.mqtt_port)
    client.loop_start()
    return client, connected


def _nothing_is_left(server: Ministack, stem: str) -> None:
    get = server.clients.get
    left = {
        "tables": get("dynamodb").list_tables()["TableNames"],
        "buckets": [each["Name"] for each in get("s3").list_buckets()["Buckets"]],
        "queues": get("sqs").list_queues(QueueNamePrefix=stem).get("QueueUrls", []),
        "functions": [each["FunctionName"] for each in get("lambda").list_functions()["Functions"]],
        "mappings": [each["FunctionArn"] for each in get("lambda").list_event_source_mappings()["EventSourceMappings"]],
        "layers": [each["LayerName"] for each in get("lambda").list_layers()["Layers"]],
        "topics": [each["TopicArn"] for each in get("sns").list_topics()["Topics"]],
        "rules": [each["ruleName"] for each in get("iot").list_topic_rules()["rules"]],
        "things": [each["thingName"] for each in get("iot").list_things()["things"]],
        "policies": [each["policyName"] for each in get("iot").list_policies()["policies"]],
        "authorities": [each["certificateArn"] for each in get("iot").list_ca_certificates()["certificates"]],
        "roles": [each["RoleName"] for each in get("iam").list_roles()["Roles"]],
        "secrets": [each["Name"] for each in get("secretsmanager").list_secrets()["SecretList"]],
        "logs": [each["logGroupName"] for each in get("logs").describe_log_groups()["logGroups"]],
        "schedules": [each["Name"] for each in get("scheduler").list_schedules()["Schedules"]],
    }
    underscored = stem.replace("-", "_")
    ours = {what: [name for name in names if stem in name or underscored in name] for what, names in left.items()}
    assert ours == dict.fromkeys(ours, []), ours  # noqa: RUF024
