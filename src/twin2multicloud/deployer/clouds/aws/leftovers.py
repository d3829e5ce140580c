"""What no stack knows of and stands in the way of its end.

Devices have left a thing and a certificate each in IoT Core, made when they first connected: it deletes neither a
policy that certificates hold nor, in effect, an authority whose certificates go on being let in. So they go first.
IoT TwinMaker deletes no workspace that has entities or component types, which were loaded after it was made.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from twin2multicloud.model.errors import Twin2MultiCloudError

_ROUNDS: Final = 120
_PAUSE_S: Final = 1.0


class LeftoverError(Twin2MultiCloudError):
    """Something is still being deleted, or cannot be (exit code 6)."""

    exit_code = 6


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


def empty_workspace(client: Any, workspace: str, sleep: Callable[[float], None] = time.sleep) -> int:
    """Delete the entities and component types of an IoT TwinMaker workspace; how many. May be repeated.

    `client` is boto3's of the service `iottwinmaker`. Component types of AWS's own stay. Deleting takes the service a
    while, and a type goes after those that extend it, so it is asked again until nothing is left; `LeftoverError` if
    that is not so after two minutes.
    """
    gone: set[str] = set()
    for _ in range(_ROUNDS):
        left = [("entity", id) for id in _listed(client.list_entities, "entitySummaries", "entityId", workspace)]
        if not left:
            kinds = _listed(client.list_component_types, "componentTypeSummaries", "componentTypeId", workspace)
            left = [("type", id) for id in kinds if not id.startswith("com.amazon.")]
        if not left:
            return len(gone)
        for kind, id in left:
            try:
                if kind == "entity":
                    client.delete_entity(workspaceId=workspace, entityId=id, isRecursive=True)
                else:
                    client.delete_component_type(workspaceId=workspace, componentTypeId=id)
                gone.add(id)
            except (
                client.exceptions.ConflictException,
                client.exceptions.ResourceNotFoundException,
                client.exceptions.ValidationException,
            ):
                continue  # it is going already, or something else has to go first
        sleep(_PAUSE_S)
    raise LeftoverError(f"workspace {workspace} still has {len(left)} things in it; destroy again in a while")


def _listed(list_page: Callable[..., Mapping[str, Any]], key: str, id: str, workspace: str) -> list[str]:
    found: list[str] = []
    more: dict[str, str] = {}
    while True:
        page = list_page(workspaceId=workspace, maxResults=200, **more)
        found += [each[id] for each in page.get(key, ())]
        if not page.get("nextToken"):
            return found
        more = {"nextToken": page["nextToken"]}
