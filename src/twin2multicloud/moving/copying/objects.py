"""Copying a bucket's objects of one tier, by the order of their keys: bytes, metadata and storage class."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final

from twin2multicloud.moving.copying.base import Compared, Page, Patience, json_bytes
from twin2multicloud.runtime.failures import ArchivedError, StoreError
from twin2multicloud.runtime.ports import ObjectStore, StoredObject

_PAGE: Final = 500


class ObjectCopier:
    """See `Copier`. Objects never change once they are written, so one whose key is there is the same one, or is found
    not to be when both stores are compared."""

    at_rest = False

    def __init__(
        self,
        source: ObjectStore,
        target: ObjectStore,
        storage_class: str,
        patience: Patience,
        *,
        page: int = _PAGE,
    ) -> None:
        """`storage_class` "" means all objects."""
        self._source = source
        self._target = target
        self._class = storage_class
        self._call = patience
        self._page = page

    def bulk(self, cursor: Any = None) -> Iterator[Page]:
        """See `Copier.bulk`."""
        for stored in self._objects(str(cursor or "")):
            size = self._copy(stored)
            if size is not None:
                yield Page(1, size, stored.key)

    def catch_up(self, since: str) -> Iterator[Page]:  # noqa: ARG002  keys say when a window was, not when it was moved
        """See `Copier.catch_up`."""
        for stored in self._objects(""):
            if self._call(self._target.head, stored.key) is None and (size := self._copy(stored)) is not None:
                yield Page(1, size)

    def compare(self) -> Iterator[Compared]:
        """See `Copier.compare`."""
        done = Compared()
        for stored in self._objects(""):
            found = self._call(self._target.head, stored.key)
            if found is None:
                done.late += self._copy(stored) is not None
                found = self._call(self._target.head, stored.key)
            body = self._digest_at_source(stored)
            there = None if found is None else self._digest_at_target(found, body, done)
            source = _described(stored, body)
            done.same(stored.key, source, None if found is None or there is None else _described(found, there))
            yield done

    def _objects(self, after: str) -> Iterator[StoredObject]:
        while True:
            page = self._call(self._source.list, "", after, self._page)
            for listed in page:
                if self._class and listed.storage_class != self._class:
                    continue
                # Some services list no metadata.
                known = listed if listed.metadata else self._call(self._source.head, listed.key)
                if known is not None:
                    yield known
            if len(page) < self._page:
                return
            after = page[-1].key

    def _copy(self, stored: StoredObject) -> int | None:
        """Bytes that were copied; None if the object is gone (it was moved on or has expired)."""
        try:
            body = self._call(self._source.get, stored.key)
        except KeyError:
            return None
        self._call(self._target.create, stored.key, body, stored.metadata, stored.storage_class)
        return len(body)

    def _digest_at_source(self, stored: StoredObject) -> str:
        """What its metadata say, else (and only then, for reading costs) what its bytes are."""
        return stored.metadata.get("digest") or _digest(self._call(self._source.get, stored.key))

    def _digest_at_target(self, found: StoredObject, expected: str, done: Compared) -> str | None:
        try:
            body = self._call(self._target.get, found.key)
        except KeyError:
            return None
        except ArchivedError:
            # It went in whole, for a write is checked by its service; what it would take to read it is no proof worth
            # its price.
            done.unread += 1
            return expected
        digest = _digest(body)
        if digest == expected:
            return digest
        # Rotten at the source already? Then it is the same here, byte for byte, which is all a move promises.
        try:
            return expected if self._call(self._source.get, found.key) == body else digest
        except (KeyError, StoreError):
            return digest


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _described(stored: StoredObject, digest: str) -> bytes:
    metadata = sorted(stored.metadata.items())
    return json_bytes([stored.key, stored.size, stored.storage_class, metadata, digest])
