"""Copying a bucket's objects of one tier, by the order of their keys: bytes, metadata and storage class."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from twin2multicloud.moving.copying.base import Compared, Page, Patience, json_bytes
from twin2multicloud.runtime.failures import ArchivedError, StoreError
from twin2multicloud.runtime.handlers.archive import part_key
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
        regrouped: bool = False,
        page: int = _PAGE,
    ) -> None:
        """`storage_class` "" means all objects. `regrouped`: see `moving.move.Transfer`."""
        self._source = source
        self._target = target
        self._class = storage_class
        self._call = patience
        self._page = page
        self._window = _Window("", {}) if regrouped else None

    def bulk(self, cursor: Any = None) -> Iterator[Page]:
        """See `Copier.bulk`."""
        for stored in self._objects(str(cursor or "")):
            size = self._copy(stored)
            if size is not None:
                yield Page(1, size, stored.key)

    def catch_up(self, since: str) -> Iterator[Page]:  # noqa: ARG002  keys say when a window was, not when it was moved
        """See `Copier.catch_up`."""
        for stored in self._objects(""):
            if self._there(stored) is None and (size := self._copy(stored)) is not None:
                yield Page(1, size)

    def compare(self) -> Iterator[Compared]:
        """See `Copier.compare`."""
        done = Compared()
        for stored in self._objects(""):
            found = self._there(stored)
            if found is None:
                done.late += self._copy(stored) is not None
                found = self._there(stored)
            body = self._digest_at_source(stored)
            there = None if found is None else self._digest_at_target(found, stored, body, done)
            described = None if found is None or there is None else self._described(found, there)
            done.same(stored.key, self._described(stored, body), described)
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
        if self._window_of(stored.key) is None:
            self._call(self._target.create, stored.key, body, stored.metadata, stored.storage_class)
            return len(body)
        while (window := self._window_of(stored.key)) is not None and window.find(stored) is None:
            # Whoever writes late records there may take the same number: then what is there is looked at again.
            self._window = _Window("", {})
            self._call(self._target.create, window.free(), body, stored.metadata, stored.storage_class)
        return len(body)

    def _there(self, stored: StoredObject) -> StoredObject | None:
        """The object at the target, whatever its number is there."""
        window = self._window_of(stored.key)
        return self._call(self._target.head, stored.key) if window is None else window.find(stored)

    def _window_of(self, key: str) -> _Window | None:
        """The target's parts of an object's window, if parts are numbered anew."""
        prefix, found, _ = key.rpartition("/part-")
        if self._window is None or not found:
            return None
        if self._window.prefix != prefix:
            self._window = _Window(prefix, {stored.key: stored for stored in self._parts(prefix)})
        return self._window

    def _parts(self, prefix: str) -> Iterator[StoredObject]:
        after = ""
        while page := self._call(self._target.list, f"{prefix}/part-", after, self._page):
            for listed in page:
                yield listed if listed.metadata else self._call(self._target.head, listed.key) or listed
            after = page[-1].key

    def _described(self, stored: StoredObject, digest: str) -> bytes:
        key = stored.key if self._window is None else ""
        return json_bytes([key, stored.size, stored.storage_class, sorted(stored.metadata.items()), digest])

    def _digest_at_source(self, stored: StoredObject) -> str:
        """What its metadata say, else (and only then, for reading costs) what its bytes are."""
        return stored.metadata.get("digest") or _digest(self._call(self._source.get, stored.key))

    def _digest_at_target(self, found: StoredObject, stored: StoredObject, expected: str, done: Compared) -> str | None:
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
            return expected if self._call(self._source.get, stored.key) == body else digest
        except (KeyError, StoreError):
            return digest


@dataclass(frozen=True)
class _Window:
    """The parts of one window at the target."""

    prefix: str
    parts: dict[str, StoredObject]

    def find(self, stored: StoredObject) -> StoredObject | None:
        """The part that is this object."""
        like = (stored.size, stored.storage_class, stored.metadata)
        return next((p for p in self.parts.values() if (p.size, p.storage_class, p.metadata) == like), None)

    def free(self) -> str:
        """The first key that is not taken, so that no number is left out."""
        return next(key for n in range(len(self.parts) + 1) if (key := part_key(self.prefix, n)) not in self.parts)


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
