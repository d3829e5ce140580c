"""Finding resources of Azure by what others call them: ids, endpoints, names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import urlsplit

from twin2multicloud.deployer.proof.findings import Where
from twin2multicloud.deployer.proof.world import Resource, World

APPS: Final = ("azurerm_linux_function_app", "azurerm_function_app_flex_consumption")
STORAGE: Final = "azurerm_storage_account"
COSMOS: Final = "azurerm_cosmosdb_account"
CONTAINER: Final = "azurerm_cosmosdb_sql_container"
QUEUE: Final = "azurerm_storage_queue"


def same(one: str, other: str) -> bool:
    """Whether two ids are one: Azure does not tell capitals apart."""
    return one.rstrip("/").lower() == other.rstrip("/").lower()


@dataclass(frozen=True)
class Ids:
    """A site's resources by their ids, names and addresses."""

    world: World

    @cached_property
    def _by_id(self) -> dict[str, Resource]:
        return {each.text("id").lower(): each for each in self.world.resources if each.text("id")}

    def by_id(self, id: str) -> Resource | None:
        """The resource of an id."""
        return self._by_id.get(id.rstrip("/").lower())

    def account(self, url: str, kind: str = STORAGE) -> Resource | None:
        """The storage or Cosmos DB account whose endpoint a URL is of: its name is the host's first part."""
        name = (urlsplit(url).hostname or "").partition(".")[0]
        return self.world.one(kind, name=name) if name else None

    def queue(self, account: Resource | None, name: str) -> Resource | None:
        """A queue of a storage account."""
        if account is not None:
            for queue in self.world.of(QUEUE):
                if queue.text("name") == name and same(queue.text("storage_account_id"), account.text("id")):
                    return queue
        return None

    def store(self, account: Resource | None, name: str) -> Resource | None:
        """A container of a Cosmos DB account."""
        return None if account is None else self.world.one(CONTAINER, name=name, account_name=account.text("name"))

    def blobs(self, account: Resource | None, name: str) -> Resource | None:
        """A blob container of a storage account."""
        if account is not None:
            for each in self.world.of("azurerm_storage_container"):
                if each.text("name") == name and same(each.text("storage_account_id"), account.text("id")):
                    return each
        return None

    def topic(self, endpoint: str) -> Resource | None:
        """The Event Grid topic of an endpoint."""
        return self.world.one("azurerm_eventgrid_topic", endpoint=endpoint)

    def hub(self, host: str) -> Resource | None:
        """The IoT Hub of a host, or of the name before its first dot."""
        for hub in self.world.of("azurerm_iothub"):
            if host in (hub.text("hostname"), f"{hub.text('name')}.azure-devices.net", hub.text("name")):
                return hub
        return None

    def vault(self, url: str) -> Resource | None:
        """The key vault of an address."""
        for vault in self.world.of("azurerm_key_vault"):
            own = vault.text("vault_uri") or f"https://{vault.text('name')}.vault.azure.net/"
            if same(own, url):
                return vault
        return None

    def twins(self, url: str) -> Resource | None:
        """The Digital Twins instance of an address."""
        host = urlsplit(url).hostname or ""
        return self.world.one("azurerm_digital_twins_instance", host_name=host) if host else None


def where(found: Resource | None) -> Where | None:
    """Where a resource is that may not be there."""
    return None if found is None else found.where


def settings_of(app: Resource) -> Mapping[str, str]:
    """An app's settings."""
    found = app.attributes.get("app_settings") or {}
    return {str(name): str(value) for name, value in found.items()}


def host_account(app: Resource) -> str:
    """The storage account of the app's host, and of the queues that start its functions."""
    return app.text("storage_account_name") or settings_of(app).get("AzureWebJobsStorage__accountName", "")
