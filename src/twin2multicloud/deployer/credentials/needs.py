"""What a plan needs of a cloud, as far as credentials and accounts are concerned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from twin2multicloud.deployer.deployment import Accounts
from twin2multicloud.model.slots import Provider


class Permission(NamedTuple):
    """An action of the cloud's own that whoever deploys must be allowed, on `resource`. `why` is a type of resource in
    Terraform's words. `data`: Azure's data actions, on what is in a resource.
    """

    action: str
    resource: str = "*"
    why: str = ""
    data: bool = False


@dataclass(frozen=True)
class Needs:
    """What a deployment needs of one cloud. `functions` run there, `movers` among them with a concurrency of their own.

    Which services must be offered in the regions, and be switched on, follows from the permissions.
    """

    provider: Provider
    regions: tuple[str, ...]
    permissions: tuple[Permission, ...]
    accounts: Accounts = field(default_factory=Accounts)
    functions: int = 0
    movers: int = 0


def permissions_for(
    types: Iterable[str], actions: Mapping[str, Iterable[str]], *, data: bool = False
) -> tuple[Permission, ...]:
    """The permissions of resource types in use, each action once. `actions` are a cloud's, by type."""
    found: dict[str, Permission] = {}
    for kind in sorted(set(types)):
        for action in actions.get(kind, ()):
            found.setdefault(action, Permission(action, why=kind, data=data))
    return tuple(found.values())


def reasons(missing: Iterable[Permission]) -> str:
    """What cannot be deployed without them, in a few words."""
    kinds = dict.fromkeys(permission.why for permission in missing if permission.why)
    return f" (needed for {', '.join(list(kinds)[:5])}{' …' if len(kinds) > 5 else ''})" if kinds else ""
