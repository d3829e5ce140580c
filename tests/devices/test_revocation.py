"""A revoked device's certificates are inactive at IoT Core (ministack's), and no other device's."""

from __future__ import annotations

import pytest

from tests.contracts.base import unique
from tests.standins.aws.server import ministack
from twin2multicloud.deployer.devices.revocation import cannot_revoke, revoke_at_aws
from twin2multicloud.model.errors import UsageError


def test_a_revoked_devices_certificates_are_inactive_until_it_is_let_in_again() -> None:
    client = ministack().clients.get("iot")
    prefix = f"{unique('house')}-"
    certificates = {}
    for device in ("meter-001", "meter-002"):
        client.create_thing(thingName=f"{prefix}{device}")
        made = [client.create_keys_and_certificate(setAsActive=True) for _ in range(2)]
        for certificate in made:
            client.attach_thing_principal(thingName=f"{prefix}{device}", principal=certificate["certificateArn"])
        certificates[device] = [certificate["certificateId"] for certificate in made]

    def statuses(device: str) -> set[str]:
        found = (client.describe_certificate(certificateId=each) for each in certificates[device])
        return {each["certificateDescription"]["status"] for each in found}

    devices = {"things_prefix": prefix}
    assert revoke_at_aws(client, devices, "meter-001") == 2
    assert (statuses("meter-001"), statuses("meter-002")) == ({"INACTIVE"}, {"ACTIVE"})
    revoke_at_aws(client, devices, "meter-001", enabled=True)
    assert statuses("meter-001") == {"ACTIVE"}
    with pytest.raises(UsageError, match="knows no certificate of 'meter-003'"):
        revoke_at_aws(client, devices, "meter-003")


@pytest.mark.parametrize(("kind", "remedy"), [("gateway", "a new secret device-keys"), ("pubsub", "a new authority")])
def test_where_it_cannot_be_done_it_is_said_what_can(kind: str, remedy: str) -> None:
    assert remedy in str(cannot_revoke({"kind": kind}, "meter-001"))
