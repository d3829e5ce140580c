"""L3 cool and archive on Blob Storage: block blobs whose access tier is the storage class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import StandardBlobTier

from twin2multicloud.runtime.adapters.azure.calls import calling, service_code
from twin2multicloud.runtime.failures import ArchivedError
from twin2multicloud.runtime.ports import StoredObject

if TYPE_CHECKING:
    from azure.storage.blob import BlobProperties, ContainerClient

TIERS: Final[Mapping[str, str]] = {"standard": "Hot", "cool": "Cool", "archive": "Archive"}

# The service wants metadata keys that could be a variable in C#: ours may begin with a digit.
_METADATA_PREFIX: Final = "t2m_"

_BAD_REQUEST: Final = 400


class BlobObjectStore:
    """`ObjectStore` on one container. `tiers` gives the access tier of each of our storage classes.

    A blob in the Archive tier can not be read; moving it to another class asks for its rehydration, which takes hours,
    and `get` goes on failing with a `StoreError` until it is done.
    """

    def __init__(self, container: ContainerClient, tiers: Mapping[str, str] = TIERS) -> None:
        self._container = container
        self._tiers = dict(tiers)
        self._classes = {tier: ours for ours, tier in tiers.items()}

    def create(self, key: str, body: bytes, metadata: Mapping[str, str], storage_class: str) -> bool:
        """See `ObjectStore.create`: one write, with `If-None-Match: *`."""
        with calling(f"create object {key}"):
            try:
                self._container.upload_blob(
                    key,
                    body,
                    overwrite=False,
                    metadata={_METADATA_PREFIX + name: value for name, value in metadata.items()},
                    standard_blob_tier=self._tier(storage_class),
                )
            except ResourceExistsError as error:
                if service_code(error) not in ("BlobAlreadyExists", "BlobArchived"):
                    raise
                return False
        return True

    def get(self, key: str) -> bytes:
        """See `ObjectStore.get`."""
        with calling(f"read object {key}"):
            try:
                return self._container.download_blob(key, max_concurrency=1).readall()
            except ResourceNotFoundError as error:
                raise _missing(key, error) from None
            except HttpResponseError as error:
                if service_code(error) in ("BlobArchived", "BlobBeingRehydrated"):
                    raise ArchivedError(f"object {key} is archived; move it to another class and wait") from error
                raise

    def head(self, key: str) -> StoredObject | None:
        """See `ObjectStore.head`."""
        with calling(f"look at object {key}"):
            try:
                return self._stored(self._container.get_blob_client(key).get_blob_properties())
            except ResourceNotFoundError as error:
                if service_code(error) == "ContainerNotFound":
                    raise
                return None

    def list(self, prefix: str, after: str = "", limit: int = 1000) -> list[StoredObject]:
        """See `ObjectStore.list`. Where a service knows no start, pages before it are read and left out."""
        with calling(f"list objects {prefix}"):
            return list(islice(self._later(prefix, after), max(limit, 0)))

    def delete(self, key: str) -> None:
        """See `ObjectStore.delete`."""
        with calling(f"delete object {key}"):
            try:
                self._container.delete_blob(key)
            except ResourceNotFoundError as error:
                if service_code(error) == "ContainerNotFound":
                    raise

    def set_class(self, key: str, storage_class: str) -> None:
        """See `ObjectStore.set_class`: Set Blob Tier at the same place."""
        with calling(f"set class of object {key}"):
            try:
                self._container.get_blob_client(key).set_standard_blob_tier(self._tier(storage_class))
            except ResourceNotFoundError as error:
                raise _missing(key, error) from None

    def _later(self, prefix: str, after: str) -> Iterator[StoredObject]:
        begun = False
        try:
            for blob in self._blobs(prefix, {"start_from": after} if after else {}):
                begun = True
                if blob.name > after:
                    yield self._stored(blob)
        except HttpResponseError as error:
            if begun or not after or error.status_code != _BAD_REQUEST:
                raise
            # Not every account knows where to start: look through what lies before.
            for blob in self._blobs(prefix, {}):
                if blob.name > after:
                    yield self._stored(blob)

    def _blobs(self, prefix: str, options: dict[str, Any]) -> Iterator[BlobProperties]:
        yield from self._container.list_blobs(name_starts_with=prefix or None, include=["metadata"], **options)

    def _stored(self, blob: BlobProperties) -> StoredObject:
        metadata = {
            name.removeprefix(_METADATA_PREFIX): value
            for name, value in (blob.metadata or {}).items()
            if name.startswith(_METADATA_PREFIX)
        }
        tier = str(getattr(blob.blob_tier, "value", blob.blob_tier))
        return StoredObject(blob.name, blob.size, metadata, self._classes.get(tier, tier.lower()))

    def _tier(self, storage_class: str) -> StandardBlobTier:
        try:
            return StandardBlobTier(self._tiers[storage_class])
        except KeyError:
            known = ", ".join(self._tiers)
            raise ValueError(f"storage class {storage_class!r} is unknown here; use one of {known}") from None


def _missing(key: str, error: ResourceNotFoundError) -> Exception:
    return error if service_code(error) == "ContainerNotFound" else KeyError(key)
