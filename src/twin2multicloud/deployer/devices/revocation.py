"""Devices that are to be let in no more, whatever they still have: what each cloud offers for that.

- AWS: the certificates that a device has connected with are made inactive. Another certificate of the authority for
  the same device is let in at its first connection, which is how a device gets a new one.
- Azure: the device is disabled at the hub, with all that it could ever show.
- Google: nothing. The token service asks no list of revoked certificates, and gateway keys derive from one secret, so
  that only all devices can be shut out at once: by a new authority, or another secret `device-keys`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from twin2multicloud.model.errors import UsageError

_ACTIVE: Final = "ACTIVE"
_INACTIVE: Final = "INACTIVE"


def revoke_at_aws(client: Any, devices: Mapping[str, Any], device: str, *, enabled: bool = False) -> int:
    """Make a device's certificates inactive (or active again); how many. `client` is boto3's of the service `iot`,
    `devices` the output of L1's stack. A device that never connected is a `UsageError`: it has none that IoT knows.
    """
    from botocore.exceptions import ClientError  # type: ignore[import-untyped]

    thing = f"{devices['things_prefix']}{device}"
    status = _ACTIVE if enabled else _INACTIVE
    found = []
    try:
        for page in client.get_paginator("list_thing_principals").paginate(thingName=thing):
            found += [principal.rpartition("/")[2] for principal in page["principals"] if ":cert/" in principal]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
    if not found:
        raise UsageError(f"IoT Core knows no certificate of '{device}'; it never connected, or has no such name")
    for certificate in found:
        client.update_certificate(certificateId=certificate, newStatus=status)
    return len(found)


def cannot_revoke(devices: Mapping[str, Any], device: str) -> UsageError:
    """Why a single device cannot be shut out on Google Cloud, and what can be done."""
    if devices.get("kind") == "gateway":
        remedy = "a new secret device-keys gives every device another key"
    else:
        remedy = "a new authority shuts out every device that has no certificate of it"
    return UsageError(f"'{device}' cannot be shut out alone on Google Cloud; {remedy}")
