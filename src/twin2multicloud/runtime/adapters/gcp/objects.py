"""The cool and archive tiers on Cloud Storage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from google.api_core.exceptions import NotFound, PreconditionFailed
from google.cloud import storage

from twin2multicloud.runtime.adapters.gcp.calls import calling
from twin2multicloud.runtime.adapters.gcp.patience import Patience
from twin2multicloud.runtime.failures import RejectedError, StoreError
from twin2multicloud.runtime.ports import StoredObject

COOL_CLASSES: Final = ("NEARLINE", "COLDLINE")
_OURS: Final = {"STANDARD": "standard", "NEARLINE": "cool", "COLDLINE": "cool", "ARCHIVE": "archive"}


class CloudStorageObjects:
    """`ObjectStore` in one bucket. `cool_class` is the class that "cool" stands for: NEARLINE or COLDLINE."""

    def __init__(
        self, client: storage.Client, bucket: str, patience: Patience, *, cool_class: str = "NEARLINE"
    ) -> None:
        if cool_class not in COOL_CLASSES:
            raise ValueError(f"cool_class {cool_class!r} is not one of {', '.join(COOL_CLASSES)}")
        self._client = client
        self._bucket = client.bucket(bucket)
        self._name = bucket
        self._what = f"Cloud Storage {bucket}"
        self._patience = patience
        self._classes = {"standard": "STANDARD", "cool": cool_class, "archive": "ARCHIVE"}

    def create(self, key: str, body: bytes, metadata: Mapping[str, str], storage_class: str) -> bool:
        """One class A operation, which demands that no object has the name."""
        blob = self._bucket.blob(key)
        blob.metadata = dict(metadata)
        blob.storage_class = self._class(storage_class)
        with calling(self._what):
            try:
                # Sent in one request: the service checks the CRC before the object exists.
                blob.upload_from_string(
                    body,
                    content_type="application/octet-stream",
                    if_generation_match=0,
                    checksum="crc32c",
                    **self._patience.again(),
                )
            except PreconditionFailed:
                return False
        return True

    def get(self, key: str) -> bytes:
        """One class B operation, and retrieval by size. All classes answer at once."""
        with calling(self._what):
            try:
                body: bytes = self._bucket.blob(key).download_as_bytes(
                    raw_download=True, checksum="crc32c", **self._patience.again()
                )
            except NotFound as error:
                raise KeyError(key) from error
        return body

    def head(self, key: str) -> StoredObject | None:
        """One class B operation."""
        with calling(self._what):
            blob = self._bucket.get_blob(key, **self._patience.again())
        return None if blob is None else _stored(blob)

    def list(self, prefix: str, after: str = "", limit: int = 1000) -> list[StoredObject]:
        """One class A operation for each 1,000 objects."""
        found: list[StoredObject] = []
        with calling(self._what):
            # The start is inclusive, and the object `after` may be gone: at most one of those asked for is dropped.
            blobs = self._client.list_blobs(
                self._name,
                prefix=prefix or None,
                start_offset=after or None,
                max_results=limit + 1,
                **self._patience.again(),
            )
            for blob in blobs:
                if blob.name > after and len(found) < limit:
                    found.append(_stored(blob))
        return found

    def delete(self, key: str) -> None:
        """Free of charge, but for early deletion."""
        with calling(self._what):
            try:
                self._bucket.blob(key).delete(**self._patience.again())
            except NotFound:
                return

    def set_class(self, key: str, storage_class: str) -> None:
        """A rewrite in place: a class A operation of the new class, retrieval and early deletion of the old."""
        wanted = self._class(storage_class)
        with calling(self._what):
            blob = self._bucket.get_blob(key, **self._patience.again())
            if blob is None:
                raise KeyError(key)
            if blob.storage_class == wanted:
                return
            try:
                blob.update_storage_class(wanted, **self._patience.again())
            except NotFound as error:
                raise KeyError(key) from error

    def _class(self, storage_class: str) -> str:
        try:
            return self._classes[storage_class]
        except KeyError:
            raise RejectedError(
                f"storage class {storage_class[:40]!r} is not one of {', '.join(self._classes)}"
            ) from None


def _stored(blob: Any) -> StoredObject:
    try:
        ours = _OURS[blob.storage_class]
    except KeyError as error:
        raise StoreError(
            f"object {blob.name} has the storage class {blob.storage_class}, which is none of ours"
        ) from error
    return StoredObject(key=blob.name, size=int(blob.size), metadata=dict(blob.metadata or {}), storage_class=ours)
