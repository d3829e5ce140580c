"""L3 cool and archive on S3: whole objects in storage classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from twin2multicloud.runtime.adapters.aws.clients import AwsError, Clients, answer_of, calling, code_of
from twin2multicloud.runtime.failures import ArchivedError
from twin2multicloud.runtime.ports import StoredObject

CLASSES: Final[Mapping[str, str]] = {"standard": "STANDARD", "cool": "STANDARD_IA", "archive": "DEEP_ARCHIVE"}
"""S3's classes for ours, unless the placement chose others."""

_GONE: Final = frozenset({"NoSuchKey", "NotFound", "404"})
_TAKEN: Final = frozenset({"PreconditionFailed", "412"})
_MUST_BE_RESTORED: Final = frozenset({"InvalidObjectState", "ObjectNotInActiveTierError"})


class S3ObjectStore:
    """Objects under a prefix of a bucket.

    `create` relies on S3's conditional write (`If-None-Match: *`). `conditional=False` is for S3-compatible services
    without it: head, then put, so that of two creators at the same moment the later one's object stays and both are
    told True. S3 itself never needs that.
    """

    def __init__(
        self,
        clients: Clients,
        bucket: str,
        *,
        prefix: str = "",
        classes: Mapping[str, str] = CLASSES,
        conditional: bool = True,
    ) -> None:
        self._clients = clients
        self._bucket = bucket
        self._prefix = prefix
        self._classes = {**CLASSES, **classes}
        self._ours = {theirs: ours for ours, theirs in self._classes.items()}
        self._conditional = conditional

    @property
    def _api(self) -> Any:
        return self._clients.get("s3")

    def create(self, key: str, body: bytes, metadata: Mapping[str, str], storage_class: str) -> bool:
        """As the port says."""
        if not self._conditional and self.head(key) is not None:
            return False
        condition = {"IfNoneMatch": "*"} if self._conditional else {}
        with calling(f"writing {self._name(key)}"):
            try:
                self._api.put_object(
                    Bucket=self._bucket,
                    Key=self._prefix + key,
                    Body=body,
                    Metadata=dict(metadata),
                    StorageClass=self._classes[storage_class],
                    ContentType="application/octet-stream",
                    **condition,
                )
            except AwsError as error:
                if code_of(error) in _TAKEN:
                    return False
                raise
        return True

    def get(self, key: str) -> bytes:
        """As the port says."""
        with calling(f"reading {self._name(key)}"):
            try:
                body: bytes = self._api.get_object(Bucket=self._bucket, Key=self._prefix + key)["Body"].read()
            except AwsError as error:
                raise self._other(error, key) from error
        return body

    def head(self, key: str) -> StoredObject | None:
        """As the port says."""
        with calling(f"reading {self._name(key)}"):
            try:
                found = self._api.head_object(Bucket=self._bucket, Key=self._prefix + key)
            except AwsError as error:
                if _is_gone(error):
                    return None
                raise
        return StoredObject(key, found["ContentLength"], found.get("Metadata", {}), self._class_of(found))

    def list(self, prefix: str, after: str = "", limit: int = 1000) -> list[StoredObject]:
        """As the port says; without metadata, which S3 does not list."""
        found: list[StoredObject] = []
        start = {"StartAfter": self._prefix + after} if after else {}
        while len(found) < limit:
            with calling(f"listing {self._name(prefix)}"):
                page = self._api.list_objects_v2(
                    Bucket=self._bucket,
                    Prefix=self._prefix + prefix,
                    MaxKeys=min(1000, limit - len(found)),
                    **start,
                )
            for each in page.get("Contents", []):
                key = each["Key"][len(self._prefix) :]
                found.append(StoredObject(key, each["Size"], {}, self._class_of(each)))
            if not page.get("IsTruncated"):
                break
            start = {"ContinuationToken": page["NextContinuationToken"]}
        return found

    def delete(self, key: str) -> None:
        """As the port says."""
        with calling(f"deleting {self._name(key)}"):
            self._api.delete_object(Bucket=self._bucket, Key=self._prefix + key)

    def set_class(self, key: str, storage_class: str) -> None:
        """As the port says: a copy onto itself, which S3 refuses where the class is that already."""
        there = self.head(key)
        if there is None:
            raise KeyError(key)
        if there.storage_class == storage_class:
            return
        with calling(f"changing the class of {self._name(key)}"):
            try:
                self._api.copy_object(
                    Bucket=self._bucket,
                    Key=self._prefix + key,
                    CopySource={"Bucket": self._bucket, "Key": self._prefix + key},
                    StorageClass=self._classes[storage_class],
                    MetadataDirective="COPY",
                )
            except AwsError as error:
                raise self._other(error, key) from error

    def _other(self, error: Exception, key: str) -> Exception:
        """What an error on an existing object means: gone, archived, or whatever `calling` makes of it."""
        if _is_gone(error):
            return KeyError(key)
        if code_of(error) in _MUST_BE_RESTORED:
            return ArchivedError(f"{self._name(key)} is archived: it must be restored first (S3 RestoreObject)")
        return error

    def _class_of(self, description: Mapping[str, Any]) -> str:
        theirs = description.get("StorageClass") or "STANDARD"
        return self._ours.get(theirs, theirs)

    def _name(self, key: str) -> str:
        return f"s3://{self._bucket}/{self._prefix}{key}"


def _is_gone(error: Exception) -> bool:
    return code_of(error) in _GONE and "NoSuchBucket" not in str(answer_of(error).get("Error", {}))
