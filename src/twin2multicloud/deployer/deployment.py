"""What is deployed: a twin at a placement, under names of its own, in somebody's accounts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import msgspec

from twin2multicloud.blueprint.plan import Blueprint
from twin2multicloud.deployer.names import Names
from twin2multicloud.model.slots import SLOTS, Provider, Slot
from twin2multicloud.model.spec import TwinSpec

OFFLINE_SUBSCRIPTION: Final = "00000000-0000-0000-0000-000000000000"
OFFLINE_PROJECT: Final = "offline-project"


class Site(NamedTuple):
    """A region of a cloud in which a twin has something: what is shared there is deployed once."""

    provider: Provider
    region: str

    def __str__(self) -> str:
        return f"{self.provider.value}/{self.region}"


class Accounts(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whose clouds: Azure's subscription (its tenant is asked for) and Google's project. AWS's account is that of the
    credentials.
    """

    azure_subscription: str = OFFLINE_SUBSCRIPTION
    gcp_project: str = OFFLINE_PROJECT


class Settings(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a deployment is besides twin and placement; kept as JSON.

    `uid` is in every name. `generations` counts how often a slot was deployed anew elsewhere, beginning with 1.
    `owner` is an e-mail address: in tags, for budget alerts, the administrator of dashboards. `users` may look at
    dashboards. `budgets_usd_per_month` are the predicted bill by cloud, at whose multiples the owner is warned.
    `device_ca_pem` is the certificate of the devices' authority, "" before there is one.
    """

    twin: str
    uid: str
    owner: str
    accounts: Accounts = Accounts()
    users: tuple[str, ...] = ()
    generations: dict[str, int] = {}
    shards: int = 1
    log_retention_days: int = 30
    budgets_usd_per_month: dict[str, float] = {}
    device_ca_pem: str = ""


@dataclass(frozen=True)
class Deployment:
    """A twin to deploy: everything that stacks are rendered from. `held` slots process nothing for now: what comes
    for them waits in its queue, and nothing is removed from their stores (see `moving`). `discard`: stores may be
    deleted with what they hold.
    """

    settings: Settings
    spec: TwinSpec
    blueprint: Blueprint
    held: frozenset[Slot] = frozenset()
    discard: bool = False

    @cached_property
    def names(self) -> Names:
        """The names of this deployment."""
        return Names(self.settings.twin, self.settings.uid)

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """Where it has something, in the usual order of clouds."""
        found = dict.fromkeys(self.site(slot) for slot in SLOTS)
        return tuple(sorted(found, key=lambda site: (list(Provider).index(site.provider), site.region)))

    def site(self, slot: Slot) -> Site:
        """Where a slot is."""
        place = self.blueprint.places[slot]
        return Site(place.provider, place.region)

    def slots_at(self, site: Site) -> tuple[Slot, ...]:
        """The slots at a site."""
        return tuple(slot for slot in SLOTS if self.site(slot) == site)

    def generation(self, slot: Slot) -> int:
        """How often the slot was deployed anew, 1 at first."""
        return self.settings.generations.get(slot.value, 1)

    def first_site(self, provider: Provider) -> Site:
        """The site that has what a cloud needs once per account, such as the budget."""
        return next(site for site in self.sites if site.provider is provider)
