"""What `costs source` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.records import moment, print_models, print_table
from twin2multicloud.app.cli.validating import numbers
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.bills import BillKind, BillSourceInput
from twin2multicloud.app.schemas.sandboxes import CloudName
from twin2multicloud.model.errors import UsageError


@dataclass(frozen=True)
class Given:
    """The options of `costs source`."""

    kind: BillKind
    location: str | None
    remove: CloudName | None
    rates: Sequence[str]
    json_output: bool


def source(client: Client, wanted: str, given: Given) -> int:
    """`costs source`: show where bills are read from, or set or remove it first."""
    if given.location is not None and given.remove is not None:
        raise UsageError("--from and --remove: say one of them")
    if given.location is None:
        for option, there in (("--rate", bool(given.rates)), ("--kind", given.kind != "export")):
            if there:
                raise UsageError(f"{option}: goes with --from")
    rates = numbers("--rate", given.rates)
    twin = client.twins.find(wanted)
    if given.remove is not None:
        client.bills.remove_source(twin, given.remove)
        say(f"bills of {given.remove} are not read any more")
        return 0
    if given.location is not None:
        cloud, location = _asked_cloud(given.location) if given.kind == "query" else _cloud_of(given.location)
        asked = BillSourceInput.model_validate({"kind": given.kind, "location": location, "usd_per": rates})
        client.bills.set_source(twin, cloud, asked)
    found = client.bills.sources(twin)
    if given.json_output:
        print_models(found)
        return 0
    print_table(
        ("cloud", "kind", "from", "next (UTC)", "set (UTC)"),
        (
            (each.cloud, each.kind, each.location or "its account", moment(each.next_at), moment(each.set_at))
            for each in found
        ),
        "no bills are read by themselves; `--from WHERE` says where they are",
    )
    return 0


def _cloud_of(location: str) -> tuple[CloudName, str]:
    """Which cloud has such places; whether it is one says the server."""
    if location.startswith("s3://"):
        return "aws", location
    return "azure" if location.startswith("https://") else "gcp", location


def _asked_cloud(given: str) -> tuple[CloudName, str]:
    """Which cloud is asked, and about what: a cloud's name alone is what the connection is for."""
    for cloud in get_args(CloudName):
        if given == cloud:
            return cloud, ""
    if given.startswith("/"):
        return "azure", given
    if given.isdecimal():
        return "aws", given
    raise UsageError(
        f"--from: '{given[:60]}' is nothing to ask about; with --kind query write aws, azure, the digits of an account "
        "at AWS, or a scope of Azure such as /subscriptions/ID"
    )
