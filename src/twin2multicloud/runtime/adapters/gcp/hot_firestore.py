"""The hot store on Firestore: a document per record, found by device and time.

A document's id is made of device, time and event id, so writing a record twice is one document, and records of the
same device and time come in the order of their ids without an index of their own. The fields are `device`, `time`
and `body`, the event as JSON: Firestore's own types would change numbers and refuse nested arrays.

Queries need the composite indexes (device ↑, time ↑) and (device ↑, time ↓); `body` and `expires` are to be exempt
from single-field indexes, `time` too, whose rising values would limit a collection to 500 writes a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from google.cloud import firestore
from google.cloud.firestore_v1.base_query import BaseQuery, FieldFilter

from twin2multicloud.runtime.adapters.gcp.calls import ALREADY_EXISTS
from twin2multicloud.runtime.adapters.gcp.firestore import (
    DISJUNCTIONS,
    DOCUMENT_BYTES,
    Collection,
    Write,
    document_id,
    portions,
)
from twin2multicloud.runtime.adapters.gcp.patience import Patience
from twin2multicloud.runtime.envelope import Event, decode, encode
from twin2multicloud.runtime.failures import RejectedError
from twin2multicloud.runtime.times import to_epoch

_PAGE: Final = 1000
_LATEST_S: Final = 253_402_300_799.0


class FirestoreHotStore:
    """`HotStore`. With `expire_after_s`, each record names when Firestore's TTL policy on `expires` may delete it."""

    def __init__(
        self, client: firestore.Client, collection: str, patience: Patience, *, expire_after_s: float | None = None
    ) -> None:
        self._records = Collection(client, collection, patience)
        self._expire_after_s = expire_after_s

    def put(self, events: Sequence[Event]) -> None:
        """Write records, a request for each 400."""
        writes: dict[str, Write] = {}
        for event in events:
            write = self._write(event)
            writes.setdefault(write.id, write)
        self._records.write(writes.values(), ALREADY_EXISTS)

    def last(self, device: str) -> Event | None:
        """One read."""
        found = self._records.query(self._of([device], newest_first=True).limit(1))
        return _event(found[0]) if found else None

    def history(self, device: str, start: str, end: str, limit: int, *, newest_first: bool = True) -> list[Event]:
        """A read per record."""
        query = _within(self._of([device], newest_first=newest_first), start, end).limit(limit)
        return [_event(found) for found in self._records.query(query)] if limit > 0 else []

    def earliest(self, devices: Sequence[str], before: str) -> str | None:
        """A read for each 30 devices."""
        times = []
        for some in portions(devices, DISJUNCTIONS):
            query = self._of(some).where(filter=FieldFilter("time", "<", before)).select(["time"]).limit(1)
            times += [str(found.get("time")) for found in self._records.query(query)]
        return min(times, default=None)

    def between(self, devices: Sequence[str], start: str, end: str) -> list[Event]:
        """A read per record, and a query for each 30 devices and each 1,000 records."""
        events: list[Event] = []
        for some in portions(dict.fromkeys(devices), DISJUNCTIONS):
            query = _within(self._of(some), start, end).limit(_PAGE)
            page = self._records.query(query)
            while page:
                events += map(_event, page)
                page = self._records.query(query.start_after(page[-1])) if len(page) == _PAGE else []
        return sorted(events, key=lambda event: (event.time, event.subject, event.id))

    def delete(self, events: Sequence[Event]) -> None:
        """A delete per record."""
        ids = dict.fromkeys(document_id(event.subject, event.time, event.id) for event in events)
        self._records.write(Write(id, None) for id in ids)

    def _write(self, event: Event) -> Write:
        body = encode(event).decode()
        size = len(body.encode())
        if size > DOCUMENT_BYTES:
            raise RejectedError(
                f"record {event.id} of {event.subject} has {size} bytes; a Firestore document takes {DOCUMENT_BYTES}"
            )
        content: dict[str, Any] = {"device": event.subject, "time": event.time, "body": body}
        if self._expire_after_s is not None:
            expires = min(to_epoch(event.time) + self._expire_after_s, _LATEST_S)
            content["expires"] = datetime.fromtimestamp(expires, UTC)
        return Write(document_id(event.subject, event.time, event.id), content, size=size + 300, create=True)

    def _of(self, devices: Sequence[str], *, newest_first: bool = False) -> BaseQuery:
        one = len(devices) == 1
        condition = FieldFilter("device", "==", devices[0]) if one else FieldFilter("device", "in", list(devices))
        direction = firestore.Query.DESCENDING if newest_first else firestore.Query.ASCENDING
        return self._records.reference.where(filter=condition).order_by("time", direction=direction)


def _within(query: BaseQuery, start: str, end: str) -> BaseQuery:
    return query.where(filter=FieldFilter("time", ">=", start)).where(filter=FieldFilter("time", "<", end))


def _event(document: Any) -> Event:
    return decode(document.get("body"))
