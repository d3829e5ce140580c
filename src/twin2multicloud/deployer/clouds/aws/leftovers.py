"""What devices have left in IoT Core: a thing and a certificate each, made when they first connected.

No stack knows of them, and IoT Core deletes neither a policy that certificates hold nor, in effect, an authority whose
certificates go on being let in. So they go before L1 is destroyed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any


def forget_devices(client: Any, devices: Mapping[str, Any], told: Callable[[int], None] = lambda _number: None) -> int:
    """Delete the things and certificates of an authority; how many certificates there were. May be repeated.

    `client` is boto3's of the service `iot`, `devices` the output of L1's stack, `told` hears how many are gone.
    A thing that does not begin with the deployment's prefix is somebody else's, and only loses the certificate.
    """
    gone = 0
    for certificate in list(_certificates(client, str(devices["authority"]))):
        _forget(client, certificate, str(devices["things_prefix"]))
        gone += 1
        told(gone)
    return gone


def _certificates(client: Any, authority: str) -> Iterator[Mapping[str, Any]]:
    marker: dict[str, str] = {}
    while True:
        page = client.list_certificates_by_ca(caCertificateId=authority, pageSize=250, **marker)
        yield from page["certificates"]
        if not page.get("nextMarker"):
            return
        marker = {"marker": page["nextMarker"]}


def _forget(client: Any, certificate: Mapping[str, Any], prefix: str) -> None:
    arn, id = certificate["certificateArn"], certificate["certificateId"]
    # Inactive first: a device that connects meanwhile shall not come back.
    client.update_certificate(certificateId=id, newStatus="INACTIVE")
    for thing in client.list_principal_things(principal=arn)["things"]:
        client.detach_thing_principal(thingName=thing, principal=arn)
        if thing.startswith(prefix):
            client.delete_thing(thingName=thing)
    for policy in client.list_attached_policies(target=arn)["policies"]:
        client.detach_policy(policyName=policy["policyName"], target=arn)
    client.delete_certificate(certificateId=id)
