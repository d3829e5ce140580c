"""Names of everything that a deployment has on Azure, generated once: the table that foundation and slots share.

Stacks meet by name alone, so that all of them can be planned before anything exists. Azure's resource ids are made of
names too, which is why whole scopes of rights can be told here. Rules of names: Microsoft's "Naming rules and
restrictions for Azure resources".
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.model.slots import Slot

DATABASE: Final = "twin2multicloud"
"""The database of each Cosmos DB account (`AzureConfig.cosmos_database`)."""
PACKAGES: Final = "packages"
"""The container of functions' packages."""
ERRORS_QUEUE: Final = "errors"
_APP: Final = 32  # longer names of apps that share a storage account may collide in the Functions host
_STORAGE: Final = 24
_VAULT: Final = 24
_COSMOS: Final = 44
_NAMESPACE: Final = uuid.UUID("6f1f5f0e-3d3b-4b0e-9b7e-9f1d9d0c7a51")


@dataclass(frozen=True)
class SiteNames:
    """What the slots of a site share."""

    deployment: Deployment
    site: Site

    @property
    def subscription(self) -> str:
        """Whose it is."""
        return self.deployment.settings.accounts.azure_subscription

    @property
    def resource_group(self) -> str:
        """Of everything at the site."""
        return self._dashed("", 90)

    @property
    def plan(self) -> str:
        """The Consumption plan that our own handlers share."""
        return self._dashed("plan", 60)

    @property
    def vault(self) -> str:
        """The key vault."""
        return self._plain("", _VAULT)

    @property
    def code(self) -> str:
        """The storage account of packages and of the queue of errors."""
        return self._plain("code", _STORAGE)

    @property
    def states(self) -> str:
        """The Cosmos DB account of dead letters, rule states and nonces."""
        return self._dashed("states", _COSMOS)

    @property
    def workspace(self) -> str:
        """The Log Analytics workspace."""
        return self._dashed("logs", 63)

    @property
    def insights(self) -> str:
        """Application Insights, through which functions log into the workspace."""
        return self._dashed("insights", 200)

    @property
    def alarms(self) -> str:
        """The action group that tells the owner."""
        return self._dashed("alarms", 200)

    def topic(self, name: str) -> str:
        """An Event Grid topic: alerts or errors."""
        return self._dashed(name, 50)

    @property
    def events(self) -> str:
        """The identity with which topics deliver."""
        return self._dashed("events", 128)

    @property
    def budget(self) -> str:
        """The budget of the deployment."""
        return self.deployment.names.dashed("budget", 63)

    def id(self, kind: str, *names: str) -> str:
        """The id of a resource of the site, such as `id("Microsoft.Web/sites", app)`."""
        provider, *types = kind.split("/")
        path = "/".join(f"{each}/{name}" for each, name in zip(types, names, strict=True))
        return f"{self.group_id}/providers/{provider}/{path}"

    @property
    def group_id(self) -> str:
        """The id of the resource group."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"

    def _dashed(self, thing: str, most: int) -> str:
        return self.deployment.names.dashed(f"{self.site.region} {thing}".strip(), most)

    def _plain(self, thing: str, most: int) -> str:
        return self.deployment.names.plain(f"{self.site.region}{thing}", most)


@dataclass(frozen=True)
class SlotNames:
    """What one slot has. A slot that was moved has other names at its new place (its generation is in them)."""

    deployment: Deployment
    slot: Slot

    @property
    def site(self) -> SiteNames:
        """The names of its site."""
        return SiteNames(self.deployment, self.deployment.site(self.slot))

    def app(self, component: str) -> str:
        """A function's app."""
        return self._dashed(f"{self._tag} {component}", _APP)

    def identity(self, component: str) -> str:
        """The identity of a function or container."""
        return self._dashed(f"{self._tag} {component}", 128)

    def plan(self, component: str) -> str:
        """The Flex Consumption plan of a function, which no two may share."""
        return self._dashed(f"{self._tag} {component}", 60)

    @property
    def host(self) -> str:
        """The storage account of the Functions host: its locks and checkpoints, the slot's queues."""
        return self._plain(f"{self._tag}host", _STORAGE)

    @property
    def blobs(self) -> str:
        """The storage account of the objects of L3.cool or L3.archive."""
        return self._plain(f"{self._tag}objects", _STORAGE)

    @property
    def cosmos(self) -> str:
        """The Cosmos DB account of L3.hot or of the own graph."""
        return self._dashed(self._tag, _COSMOS)

    @property
    def hub(self) -> str:
        """The IoT Hub."""
        return self._dashed("hub", 50)

    @property
    def twins(self) -> str:
        """The Digital Twins instance."""
        return self._dashed("twins", 63)

    @property
    def grafana(self) -> str:
        """Managed Grafana, 2 to 23 characters."""
        return self._plain("grafana", 23)

    def dashboards(self, thing: str = "", most: int = 32) -> str:
        """Grafana in a container, and what belongs to it."""
        return self._dashed(f"grafana {thing}".strip(), most)

    @property
    def dashboards_storage(self) -> str:
        """The storage account of Grafana's own database."""
        return self._plain("grafana", _STORAGE)

    @property
    def _tag(self) -> str:
        return self.slot.value.lower().replace(".", "")

    @property
    def _generation(self) -> int:
        return self.deployment.generation(self.slot)

    def _dashed(self, thing: str, most: int) -> str:
        return self.deployment.names.dashed(thing, most, self._generation)

    def _plain(self, thing: str, most: int) -> str:
        return self.deployment.names.plain(thing, most, self._generation)


def cosmos_role_id(account: str, word: str) -> str:
    """The id of a role in a Cosmos DB account, a UUID that stacks which only know names can tell, too."""
    return str(uuid.uuid5(_NAMESPACE, f"{account}/{word}"))
