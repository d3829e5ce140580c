"""Exports in a storage account (Azure Cost Management, FOCUS cost and usage details)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any

from azure.core.exceptions import AzureError
from azure.storage.blob import ContainerClient

from twin2multicloud.app.cost_sources.exports import SourceError, StoredFile
from twin2multicloud.deployer.credentials.findings import gist


class BlobFiles:
    """A container as a credential may read it."""

    def __init__(self, account_url: str, container: str, credential: Any) -> None:
        self._name = container
        self._container = ContainerClient(account_url, container, credential=credential, retry_total=4)

    def files(self, prefix: str) -> Iterable[StoredFile]:
        """As `FileStore.files`; `SourceError` where the account refuses."""
        try:
            for each in self._container.list_blobs(name_starts_with=prefix or None):
                yield StoredFile(str(each.name), each.last_modified, int(each.size or 0))
        except AzureError as error:
            raise SourceError(f"the container {self._name} cannot be read: {gist(error)}") from error

    def fetch(self, name: str, into: IO[bytes]) -> None:
        """As `FileStore.fetch`; `SourceError` where the account refuses."""
        try:
            self._container.download_blob(name).readinto(into)
        except AzureError as error:
            raise SourceError(f"{name} cannot be read: {gist(error)}") from error

    def close(self) -> None:
        """Close its connections."""
        self._container.close()
