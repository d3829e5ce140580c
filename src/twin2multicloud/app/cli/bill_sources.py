"""What `costs source` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.records import moment, print_models, print_table
from twin2multicloud.app.cli.validating import numbers
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.bills import BillSourceInput
from twin2multicloud.app.schemas.sandboxes import CloudName
from twin2multicloud.model.errors import UsageError


@dataclass(frozen=True)
class Given:
    """The options of `costs source`."""

    location: str | None
    remove: CloudName | None
    rates: Sequence[str]
    json_output: bool


def source(client: Client, wanted: str, given: Given) -> int:
    """`costs source`: show where bills are read from, or set or remove it first."""
    if given.location is not None and given.remove is not None:
        raise UsageError("--from and --remove: say one of them")
    if given.rates and given.location is None:
        raise UsageError("--rate: goes with --from")
    rates = numbers("--rate", given.rates)
    twin = client.twins.find(wanted)
    if given.remove is not None:
        client.bills.remove_source(twin, given.remove)
        say(f"bills of {given.remove} are not read any more")
        return 0
    if given.location is not None:
        asked = BillSourceInput.model_validate({"location": given.location, "usd_per": rates})
        client.bills.set_source(twin, _cloud_of(given.location), asked)
    found = client.bills.sources(twin)
    if given.json_output:
        print_models(found)
        return 0
    print_table(
        ("cloud", "from", "next (UTC)", "set (UTC)"),
        ((each.cloud, each.location, moment(each.next_at), moment(each.set_at)) for each in found),
        "no bills are read by themselves; `--from WHERE` says where they are",
    )
    return 0


def _cloud_of(location: str) -> CloudName:
    """Which cloud has such places; whether it is one says the server."""
    if location.startswith("s3://"):
        return "aws"
    return "azure" if location.startswith("https://") else "gcp"
