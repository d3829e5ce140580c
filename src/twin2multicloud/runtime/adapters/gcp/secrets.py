"""Secrets in Secret Manager."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from google.api_core.exceptions import AlreadyExists, FailedPrecondition, NotFound
from google.cloud.secretmanager_v1 import Replication, Secret, SecretManagerServiceClient

from twin2multicloud.runtime.adapters.gcp.calls import calling
from twin2multicloud.runtime.adapters.gcp.patience import Patience
from twin2multicloud.runtime.failures import RejectedError

CACHE_S: Final = 60.0
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")
_MOST_BYTES: Final = 65_536


class SecretManager:
    """`Secrets`. A secret's id is `prefix` + its name; `monotonic` counts the seconds of the cache.

    The versions before the newest are destroyed, since every active one is charged for.
    """

    def __init__(
        self,
        client: SecretManagerServiceClient,
        project: str,
        prefix: str,
        patience: Patience,
        monotonic: Callable[[], float],
        cache_s: float = CACHE_S,
    ) -> None:
        self._client = client
        self._project = f"projects/{project}"
        self._prefix = prefix
        self._patience = patience
        self._monotonic = monotonic
        self._cache_s = min(cache_s, CACHE_S)
        self._cache: dict[str, tuple[float, str]] = {}

    def __repr__(self) -> str:
        return f"SecretManager({self._project!r}, {self._prefix!r})"

    def get(self, name: str) -> str:
        """One access a minute."""
        now = self._monotonic()
        read, value = self._cache.get(name, (float("-inf"), ""))
        if now - read < self._cache_s:
            return value
        with calling(f"Secret Manager {name}"):
            try:
                answer = self._client.access_secret_version(
                    name=f"{self._path(name)}/versions/latest", **self._patience.again()
                )
            except (NotFound, FailedPrecondition) as error:  # no secret, no version, or its latest is destroyed
                self._cache.pop(name, None)
                raise KeyError(name) from error
        value = answer.payload.data.decode()
        self._cache[name] = (now, value)
        return value

    def put(self, name: str, value: str) -> None:
        """Create the secret if need be, add a version, destroy the ones before it."""
        path, data = self._path(name), value.encode()
        if len(data) > _MOST_BYTES:
            raise RejectedError(f"secret {name} has {len(data)} bytes; Secret Manager takes {_MOST_BYTES}")
        with calling(f"Secret Manager {name}"):
            version = {"parent": path, "payload": {"data": data}}
            try:
                added = self._client.add_secret_version(request=version, **self._patience.again())
            except NotFound:
                self._create(path)
                added = self._client.add_secret_version(request=version, **self._patience.again())
        self._cache.pop(name, None)
        with calling(f"Secret Manager {name}"):
            newest = _number(added.name)
            for old in self._client.list_secret_versions(
                request={"parent": path, "filter": "NOT state:DESTROYED"}, **self._patience.again()
            ):
                # Somebody may have added a newer one meanwhile.
                if _number(old.name) < newest:
                    self._client.destroy_secret_version(name=old.name, **self._patience.again())

    def _create(self, path: str) -> None:
        try:
            self._client.create_secret(
                parent=self._project,
                secret_id=path.rsplit("/", 1)[1],
                secret=Secret(replication=Replication(automatic=Replication.Automatic())),
                **self._patience.again(),
            )
        except AlreadyExists:
            return

    def _path(self, name: str) -> str:
        id = f"{self._prefix}{name}"
        if not _ID.fullmatch(id):
            raise RejectedError(f"secret '{name[:60]}': write at most 255 of A-Z a-z 0-9 _ - with the prefix")
        return f"{self._project}/secrets/{id}"


def _number(name: str) -> int:
    return int(name.rsplit("/", 1)[1])
