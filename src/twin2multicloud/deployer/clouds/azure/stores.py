"""Containers of Cosmos DB as arguments of the module `azure/cosmos_store`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin2multicloud.deployer.clouds.azure.grants import store_roles
from twin2multicloud.deployer.clouds.azure.names import cosmos_role_id


def container(
    account: str,
    name: str,
    partition_key: str,
    *,
    indexed: Sequence[str] = (),
    ttl: int | None = None,
    throughput: int | None = None,
    autoscale: int | None = None,
) -> dict[str, Any]:
    """A container with the roles that grants on it name."""
    return {
        "name": name,
        "partition_key": partition_key,
        "indexed": list(indexed),
        "ttl": ttl,
        "throughput": throughput,
        "autoscale": autoscale,
        "roles": {
            word: {"id": cosmos_role_id(account, word), "actions": sorted(actions)}
            for word, actions in store_roles(name).items()
        },
    }
