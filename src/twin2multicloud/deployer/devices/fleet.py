"""All devices of a twin at once, as the simulator takes them: one `connection.json` and a certificate for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from twin2multicloud.deployer.devices.authority import Authority
from twin2multicloud.deployer.devices.bundles import CONNECTION, write_bundle
from twin2multicloud.model.errors import UsageError

CERTIFICATES: Final = "certificates"
SERVERS: Final = "servers.pem"


def write_fleet(
    directory: Path,
    twin: str,
    devices: Mapping[str, Any],
    names: Iterable[str],
    authority: Authority,
    now: datetime,
    *,
    days: int = 7,
    servers: bytes = b"",
) -> int:
    """Write what `simulate --keys DIRECTORY/connection.json` needs to be these devices at AWS IoT Core, whose output
    `devices` says where that is; how many. `servers` is the authority of a stand-in's certificate (PEM).

    A certificate is issued anew at each call, and is short-lived: these are not the devices' own.
    """
    try:
        topics = {str(topic).rpartition("/")[2]: topic for topic in devices["topics"]}
        connection = {
            "twin": twin,
            "mqtt": f"mqtts://{devices['endpoint']}:{devices.get('mqtt_port', 8883)}",
            "client_id": devices["client_id"],
            "topics": topics | {"commands": devices["commands"]},
            "certificates": CERTIFICATES,
        }
    except KeyError as error:
        raise UsageError(
            f"the stack of L1 puts out no devices.{error.args[0]}: only devices of AWS IoT Core can be simulated so"
        ) from None
    count = 0
    for name in names:
        identity = authority.certify(name, now, days)
        write_bundle({f"{name}.pem": identity.chain + identity.key}, directory / CERTIFICATES)
        count += 1
    if servers:
        write_bundle({SERVERS: servers}, directory)
        connection["authority"] = SERVERS
    write_bundle({CONNECTION: msgspec.json.format(msgspec.json.encode(connection), indent=2) + b"\n"}, directory)
    return count
