"""The hot store on Bigtable: a row per record, its key device#time#id, so a device's records lie in time order.

Spoken to with the generated client: the last record of a device is read by a reverse scan, which the hand-written
ones do not offer. The only cell of a row has the event's time as its timestamp, so that a garbage collection rule
by age deletes what the hot tier need not keep where no later tier follows.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final
from urllib.parse import quote

from google.cloud.bigtable_v2 import BigtableClient
from google.cloud.bigtable_v2.types import FeatureFlags

from twin2multicloud.runtime.adapters.gcp.calls import OK, calling, refused
from twin2multicloud.runtime.adapters.gcp.firestore import portions
from twin2multicloud.runtime.adapters.gcp.patience import Patience
from twin2multicloud.runtime.envelope import Event, decode, encode
from twin2multicloud.runtime.failures import RejectedError, StoreError
from twin2multicloud.runtime.times import to_epoch

FAMILY: Final = "r"
_COLUMN: Final = b"e"
_BATCH_ROWS: Final = 1000
_KEY_BYTES: Final = 4096
_FEATURES: Final = base64.urlsafe_b64encode(FeatureFlags.serialize(FeatureFlags(reverse_scans=True))).decode()
_NEWEST_CELL: Final = {"cells_per_column_limit_filter": 1}
_KEYS_ONLY: Final = {"chain": {"filters": [_NEWEST_CELL, {"strip_value_transformer": True}]}}


class BigtableHotStore:
    """`HotStore`. `table` is its full name; the column family is `FAMILY`."""

    def __init__(self, client: BigtableClient, table: str, patience: Patience) -> None:
        self._client = client
        self._table = table
        self._patience = patience
        self._what = f"Bigtable {table.rsplit('/', 1)[-1]}"

    def put(self, events: Sequence[Event]) -> None:
        """Read which rows are there, write the others: two requests for each 1,000 records."""
        rows: dict[bytes, Event] = {}
        for event in events:
            rows.setdefault(_key(event), event)
        for keys in portions(rows, _BATCH_ROWS):
            there = {key for key, _ in self._read(_rows(keys), row_filter=_KEYS_ONLY)}
            self._mutate((key, _cell(rows[key])) for key in keys if key not in there)

    def last(self, device: str) -> Event | None:
        """A row, found from the end."""
        for _, value in self._read(_range(device), limit=1, backwards=True):
            return decode(value)
        return None

    def history(self, device: str, start: str, end: str, limit: int, *, newest_first: bool = True) -> list[Event]:
        """One scan."""
        if limit <= 0 or start >= end:
            return []
        found = self._read(_range(device, start, end), limit=limit, backwards=newest_first)
        return [decode(value) for _, value in found]

    def earliest(self, devices: Sequence[str], before: str) -> str | None:
        """A row of each device."""
        times = []
        for device in devices:
            for key, _ in self._read(_range(device, "", before), limit=1, row_filter=_KEYS_ONLY):
                times.append(key.decode().split("#")[1])
        return min(times, default=None)

    def between(self, devices: Sequence[str], start: str, end: str) -> list[Event]:
        """One scan for each 100 devices."""
        if start >= end:
            return []
        events = []
        for some in portions(dict.fromkeys(devices), 100):
            ranges = [one for device in some for one in _range(device, start, end)["row_ranges"]]
            events += [decode(value) for _, value in self._read({"row_ranges": ranges})]
        return sorted(events, key=lambda event: (event.time, event.subject, event.id))

    def delete(self, events: Sequence[Event]) -> None:
        """A request for each 1,000 records."""
        for keys in portions(dict.fromkeys(map(_key, events)), _BATCH_ROWS):
            self._mutate((key, {"delete_from_row": {}}) for key in keys)

    def _mutate(self, mutations: Iterable[tuple[bytes, dict[str, Any]]]) -> None:
        entries = [{"row_key": key, "mutations": [mutation]} for key, mutation in mutations]
        if not entries:
            return
        done = 0
        with calling(self._what):
            request = {"table_name": self._table, "entries": entries}
            for answer in self._client.mutate_rows(request, **self._patience.again()):
                for entry in answer.entries:
                    if entry.status.code != OK:
                        raise refused(self._what, int(entry.status.code), str(entry.status.message))
                    done += 1
        if done != len(entries):
            raise StoreError(f"{self._what}: {done} of {len(entries)} rows were answered")

    def _read(
        self, rows: dict[str, Any], *, limit: int = 0, backwards: bool = False, row_filter: Any = _NEWEST_CELL
    ) -> list[tuple[bytes, bytes]]:
        request = {
            "table_name": self._table,
            "rows": rows,
            "rows_limit": limit,
            "reversed": backwards,
            "filter": row_filter,
        }
        with calling(self._what):
            # A scan that breaks off is begun anew by the retry of the whole.
            return self._patience.retry(self._scan)(request)

    def _scan(self, request: dict[str, Any]) -> list[tuple[bytes, bytes]]:
        features = [("bigtable-features", _FEATURES)]
        answers = self._client.read_rows(
            request=request, timeout=self._patience.attempt_s, retry=None, metadata=features
        )
        return list(_merged(answers))


def _merged(answers: Iterable[Any]) -> Iterator[tuple[bytes, bytes]]:
    """Rows of one cell each from the chunks that carry them; a large cell comes in several."""
    key, value = b"", b""
    for answer in answers:
        for chunk in answer.chunks:
            if chunk.reset_row:
                key, value = b"", b""
                continue
            key = chunk.row_key or key
            value += chunk.value
            if chunk.commit_row:
                yield key, value
                key, value = b"", b""


def _key(event: Event) -> bytes:
    key = f"{quote(event.subject, safe='')}#{event.time}#{quote(event.id, safe='')}".encode()
    if len(key) > _KEY_BYTES:
        raise RejectedError(f"device '{event.subject[:40]}…': its row key has {len(key)} bytes, over {_KEY_BYTES}")
    return key


def _cell(event: Event) -> dict[str, Any]:
    milliseconds = int(to_epoch(event.time) * 1000)
    return {
        "set_cell": {
            "family_name": FAMILY,
            "column_qualifier": _COLUMN,
            "timestamp_micros": milliseconds * 1000,
            "value": encode(event),
        }
    }


def _rows(keys: Sequence[bytes]) -> dict[str, Any]:
    return {"row_keys": keys}


def _range(device: str, start: str = "", end: str = "") -> dict[str, Any]:
    """The rows of a device from `start` to before `end`; "$" follows "#"."""
    name = quote(device, safe="")
    last = f"{name}#{end}" if end else f"{name}$"
    return {"row_ranges": [{"start_key_closed": f"{name}#{start}".encode(), "end_key_open": last.encode()}]}
