"""Windows of records as objects: packing them, and putting them away so that a retry stores nothing twice.

Records are moved by *window*: all records of a shard of devices whose event time lies in one stretch of time become
one gzipped NDJSON object, `<window start>/<shard>/part-0.ndjson.gz`. Creating it is create-only. When the key exists
already (an earlier attempt got this far, or late records came), what is stored is read and only records not among it
are written, as the next part; a part that came of the same attempt is known by its metadata. So a mover that is
killed anywhere and starts again loses and doubles nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from twin2multicloud.runtime.envelope import Event, decode, encode
from twin2multicloud.runtime.failures import ArchivedError, RejectedError, StoreError
from twin2multicloud.runtime.links import compress, decompress
from twin2multicloud.runtime.ports import ObjectStore, StoredObject

MOST_PARTS: Final = 10_000
_PART: Final = re.compile(r"[A-Za-z0-9._-]+")


class ObjectPost(msgspec.Struct, frozen=True):
    """What travels beside an object: where it belongs, how many records it holds, the SHA-256 of its bytes."""

    prefix: str
    count: int
    digest: str
    window_end: str


def pack(events: Sequence[Event]) -> bytes:
    """Records as gzipped NDJSON, the same bytes for the same records in the same order."""
    return compress(b"".join(encode(event) + b"\n" for event in events))


def unpack(body: bytes) -> list[Event]:
    """The records in an object."""
    return [decode(line) for line in decompress(body, "gzip").splitlines() if line]


def digest_of(body: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(body).hexdigest()


class Shelf:
    """A tier that takes objects. `storage_class` is the class new objects get there."""

    def __init__(self, store: ObjectStore, storage_class: str) -> None:
        self.store = store
        self.storage_class = storage_class

    def put_away(self, post: ObjectPost, body: bytes) -> dict[str, Any]:
        """Store what the object holds, once. Answers how many of its records are stored now, and its digest.

        Raises `RejectedError` when the body is not what `post` says.
        """
        if digest_of(body) != post.digest:
            raise RejectedError("the object's digest does not match its bytes")
        check_prefix(post.prefix)
        key = part_key(post.prefix, 0)
        if self._create(key, body, post):
            return {"stored": post.count, "digest": post.digest, "key": key}
        found = self.store.head(key)
        if found is not None and found.metadata.get("digest") == post.digest:
            return {"stored": post.count, "digest": post.digest, "key": key}
        return self._complete(post, body)

    def _complete(self, post: ObjectPost, body: bytes) -> dict[str, Any]:
        """The window has objects already: store the records that none of them has.

        A part remembers the post that it came of, so that a repeated one is known without reading anything. Objects
        that would have to be restored first are not compared with.
        """
        done = {"stored": post.count, "digest": post.digest}
        parts: list[StoredObject] = []
        while (found := self.store.head(part_key(post.prefix, len(parts)))) is not None:
            if post.digest in (found.metadata.get("digest"), found.metadata.get("post")):
                return {**done, "key": found.key}
            parts.append(found)
        events = unpack(body)
        if len(events) != post.count:
            raise RejectedError(f"the object holds {len(events)} records, not {post.count}")
        known: set[str] = set()
        read = 0
        while True:
            for part in parts[read:]:
                known |= self._ids(part.key)
            read = len(parts)
            missing = [event for event in events if event.id not in known]
            key = part_key(post.prefix, read)
            if not missing:
                return {**done, "key": parts[-1].key if parts else key}
            if read >= MOST_PARTS:
                raise StoreError(f"{post.prefix} has {MOST_PARTS} parts already", quota=True)
            packed = pack(missing)
            new = ObjectPost(post.prefix, len(missing), digest_of(packed), post.window_end)
            if self._create(key, packed, new, of=post.digest):
                return {**done, "key": key}
            # Somebody else wrote this part just now: look at it.
            found = self.store.head(key)
            if found is None:
                raise StoreError(f"{key} came and went")
            parts.append(found)

    def _ids(self, key: str) -> set[str]:
        try:
            return {event.id for event in unpack(self.store.get(key))}
        except ArchivedError:
            return set()
        except (RejectedError, ValueError):
            return set()  # it has rotted: whatever it held, a record that comes again is welcome
        except KeyError as error:
            raise StoreError(f"{key} was removed just now") from error

    def _create(self, key: str, body: bytes, post: ObjectPost, *, of: str = "") -> bool:
        metadata = {"count": str(post.count), "digest": post.digest, "window_end": post.window_end}
        if of:
            metadata["post"] = of
        return self.store.create(key, body, metadata, self.storage_class)


class WholeShelf(Shelf):
    """A tier that takes objects under the keys they had in the tier before; `prefix` of a post is the whole key."""

    def put_away(self, post: ObjectPost, body: bytes) -> dict[str, Any]:
        """Store the object once under its key. Records that came after their window had been moved on join it."""
        if digest_of(body) != post.digest:
            raise RejectedError("the object's digest does not match its bytes")
        check_prefix(post.prefix)
        window = post.prefix.rpartition("/")[0]
        # A part that is not the first may hold records that came again, after the others had been moved on.
        if post.prefix == part_key(window, 0) and self._create(post.prefix, body, post):
            return {"stored": post.count, "digest": post.digest, "key": post.prefix}
        return self._complete(ObjectPost(window, post.count, post.digest, post.window_end), body)


def part_key(prefix: str, number: int) -> str:
    """The key of a window's part."""
    return f"{prefix}/part-{number}.ndjson.gz"


def check_prefix(prefix: str) -> None:
    """Raise `RejectedError` for a key that is not one of ours."""
    parts = prefix.split("/")
    allowed = all(_PART.fullmatch(part) and part.strip(".") for part in parts)
    if not allowed or not 2 <= len(parts) <= 4 or len(prefix) > 200:
        raise RejectedError("an object's key has two to four parts of letters, digits, '-', '_' and '.'")
