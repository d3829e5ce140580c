"""What devices left in IoT Core goes before L1 does, and nothing of anybody else's goes with it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.standins.aws.fake_twinmaker import FakeTwinMaker
from tests.standins.aws.server import ministack
from twin2multicloud.deployer.clouds.aws.leftovers import LeftoverError, empty_workspace, forget_devices
from twin2multicloud.deployer.devices.authority import Authority
from twin2multicloud.runtime.adapters.aws.clients import Clients

POLICY = '{"Version": "2012-10-17", "Statement": []}'


def authority_at(iot: Any, authority: Authority) -> str:
    """The authority's id at IoT Core."""
    answer = iot.register_ca_certificate(
        caCertificate=authority.pem.decode(),
        certificateMode="SNI_ONLY",
        setAsActive=True,
        allowAutoRegistration=True,
    )
    return str(answer["certificateId"])


def known_device(iot: Any, authority: Authority, thing: str, policy: str) -> str:
    """A device that has connected; the ARN of its certificate."""
    now = datetime.now(UTC)
    chain = authority.certify(thing, now).chain.decode()
    leaf = chain[: chain.index("-----END CERTIFICATE-----")] + "-----END CERTIFICATE-----\n"
    answer = iot.register_certificate(certificatePem=leaf, caCertificatePem=authority.pem.decode(), status="ACTIVE")
    arn = str(answer["certificateArn"])
    iot.create_thing(thingName=thing)
    iot.attach_thing_principal(thingName=thing, principal=arn)
    iot.attach_policy(policyName=policy, target=arn)
    return arn


@pytest.mark.slow
def test_things_and_certificates_go_and_others_stay() -> None:
    iot = ministack().clients.get("iot")
    mark = uuid.uuid4().hex[:6]
    prefix, policy = f"house-{mark}-", f"devices-{mark}"
    iot.create_policy(policyName=policy, policyDocument=POLICY)
    ours, theirs = (Authority.make(name, datetime.now(UTC)) for name in ("ours", "theirs"))
    devices = {"authority": authority_at(iot, ours), "things_prefix": prefix}
    authority_at(iot, theirs)
    for number in range(3):
        known_device(iot, ours, f"{prefix}{number}", policy)
    known_device(iot, ours, f"car-{mark}", policy)  # a thing with another owner, given a certificate of ours
    other = known_device(iot, theirs, f"ship-{mark}", policy)
    told: list[int] = []

    assert forget_devices(iot, devices, told.append) == 4
    assert told == [1, 2, 3, 4]
    things = {each["thingName"] for each in iot.list_things()["things"] if mark in each["thingName"]}
    assert things == {f"car-{mark}", f"ship-{mark}"}
    assert iot.list_targets_for_policy(policyName=policy)["targets"] == [other]
    assert iot.list_certificates_by_ca(caCertificateId=devices["authority"])["certificates"] == []
    assert forget_devices(iot, devices) == 0


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of a workspace with types that extend each other, and entities of them."""
    fake = FakeTwinMaker(settle_s=0.0)
    monkeypatch.setenv("AWS_ENDPOINT_URL_IOTTWINMAKER", fake.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = Clients("eu-central-1", attempts=1).get("iottwinmaker")
    client.create_workspace(workspaceId="house")
    client.create_component_type(workspaceId="house", componentTypeId="room")
    client.create_component_type(workspaceId="house", componentTypeId="kitchen", extendsFrom=["room"])
    for number in range(30):
        client.create_entity(
            workspaceId="house",
            entityId=f"e{number}",
            entityName=f"e{number}",
            components={"is": {"componentTypeId": "kitchen"}},
        )
    yield client
    fake.stop()


def test_a_workspace_is_emptied_of_all_but_what_is_amazons(workspace: Any) -> None:
    assert empty_workspace(workspace, "house", lambda _s: None) == 32
    left = workspace.list_component_types(workspaceId="house")["componentTypeSummaries"]
    assert [each["componentTypeId"] for each in left] == ["com.amazon.iottwinmaker.parameters"]
    assert workspace.list_entities(workspaceId="house")["entitySummaries"] == []
    assert empty_workspace(workspace, "house", lambda _s: None) == 0


def test_what_cannot_be_emptied_is_told(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    conflict = workspace.exceptions.ConflictException({"Error": {"Code": "ConflictException"}}, "DeleteEntity")

    def refuse(**_request: Any) -> None:
        raise conflict

    monkeypatch.setattr(workspace, "delete_entity", refuse)
    with pytest.raises(LeftoverError, match="still has 30 things in it"):
        empty_workspace(workspace, "house", lambda _s: None)
