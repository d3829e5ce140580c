"""Replay: messages out of a CSV or NDJSON file, in the file's order, at any speed."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from twin2multicloud.model.spec import DeviceType, TwinSpec
from twin2multicloud.runtime.times import normal_time, to_epoch
from twin2multicloud.simulator.messages import TIME_KEY

SUFFIXES: Final = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}
_MOST_CHARACTERS: Final = 1 << 20
"""Of a line; beyond, the file is not what it is said to be."""


@dataclass(frozen=True, slots=True)
class Row:
    """A message of a file: which device, when (seconds since 1970), and its fields."""

    device: str
    time_s: float
    fields: dict[str, Any]


class ReplayError(ValueError):
    """A file, or a line of it, that cannot be replayed; the message says where and why."""


def read_rows(path: Path, spec: TwinSpec) -> Iterator[Row]:
    """The messages of a file, read as they are needed.

    A CSV file has a header with `device`, `time` and fields; an empty cell leaves its field out, and objects and
    arrays are JSON. A line of NDJSON is an object with `device`, `time` and fields. Raises `ReplayError` for what is
    no such file, for a device the twin lacks, and for a time that is none. Fields are not held to their types: what
    was wrong then is to be wrong again.
    """
    form = SUFFIXES.get(path.suffix.lower())
    if form is None:
        raise ReplayError(f"'{path.name}' is neither .csv nor .ndjson (.jsonl)")
    try:
        # Opened here, so that a file that is not there is found before devices connect.
        stream = path.open(encoding="utf-8-sig", newline="" if form == "csv" else None)
    except OSError as error:
        raise ReplayError(f"'{path}' cannot be read: {error.strerror or error}") from error
    return _rows(stream, form, path.name, spec)


def _rows(stream: IO[str], form: str, name: str, spec: TwinSpec) -> Iterator[Row]:
    known: dict[str, DeviceType] = {}
    with stream:
        records = _csv_records(stream) if form == "csv" else _json_records(stream)
        last = 0
        try:
            for number, record in records:
                last = number
                yield _row(record, spec, known, typed=form == "ndjson")
        except (ValueError, csv.Error) as error:
            raise ReplayError(f"'{name}', line {getattr(error, 'line', last or 1)}: {error}") from error


class _LineError(ValueError):
    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def _csv_records(stream: IO[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.reader(_bounded(stream), strict=True)
    header = next(reader, [])
    missing = [column for column in ("device", TIME_KEY) if column not in header]
    if missing or len(set(header)) != len(header):
        raise _LineError(
            1, f"the header lacks {' and '.join(missing)}" if missing else "the header names a column twice"
        )
    for cells in reader:
        if not cells:
            continue
        if len(cells) != len(header):
            raise _LineError(reader.line_num, f"{len(cells)} cells where the header has {len(header)}")
        yield reader.line_num, {column: cell for column, cell in zip(header, cells, strict=True) if cell != ""}


def _json_records(stream: IO[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(_bounded(stream), start=1):
        if not line.strip():
            continue
        try:
            record = msgspec.json.decode(line)
        except (ValueError, RecursionError) as error:
            raise _LineError(number, f"no JSON: {error}") from error
        if not isinstance(record, dict):
            raise _LineError(number, "no JSON object")
        yield number, record


def _bounded(stream: IO[str]) -> Iterator[str]:
    number = 0
    while line := stream.readline(_MOST_CHARACTERS):
        number += 1
        if len(line) == _MOST_CHARACTERS:
            raise _LineError(number, f"more than {_MOST_CHARACTERS:,} characters")
        yield line


def _row(record: dict[str, Any], spec: TwinSpec, known: dict[str, DeviceType], *, typed: bool) -> Row:
    device = record.pop("device", None)
    if not isinstance(device, str):
        raise ValueError("no device is named")
    kind = known.get(device) or spec.type_of(device)
    if kind is None:
        raise ValueError(f"the twin has no device '{device[:64]}'")
    known[device] = kind
    time = record.pop(TIME_KEY, None)
    if time is None:
        raise ValueError("no time is given")
    if not typed:
        time = _number(time)
        record = _typed(record, kind)
    return Row(device, to_epoch(normal_time(time)), record)


def _typed(cells: Mapping[str, str], kind: DeviceType) -> dict[str, Any]:
    """Cells as values of their fields' types, as far as they can be; a field no type knows stays a text."""
    types = {field.name: field.type for field in kind.fields}
    return {name: _value(cell, types.get(name, "string")) for name, cell in cells.items()}


def _value(cell: str, kind: str) -> Any:
    if kind == "string":
        return cell
    if kind == "boolean":
        return {"true": True, "1": True, "false": False, "0": False}.get(cell.strip().lower(), cell)
    if kind in ("object", "array"):
        try:
            return msgspec.json.decode(cell)
        except (ValueError, RecursionError):
            return cell
    return _number(cell)


def _number(cell: str) -> int | float | str:
    for convert in (int, float):
        try:
            number = convert(cell)
        except ValueError:
            continue
        if number - number == 0:  # neither infinite nor no number
            return number
    return cell


class Replay:
    """When each row is due: as far apart as in the file, divided by `speed`. A row older than the one before is due
    with it."""

    def __init__(self, rows: Iterable[Row], speed: float, start_s: float) -> None:
        self._rows = iter(rows)
        self._speed = speed
        self._start_s = start_s
        self._first_time_s: float | None = None
        self._next: Row | None = None
        self._failure: ReplayError | None = None
        self.next_s = start_s
        self._advance()

    @property
    def ended(self) -> bool:
        """Whether there is nothing more."""
        return self._next is None and self._failure is None

    def next_due(self, now_s: float) -> tuple[float, Row] | None:
        """The next row and when it was due, if that is now or has been. `ReplayError` once the file turns bad."""
        if self._failure is not None and self._next is None:
            raise self._failure
        row = self._next
        if row is None or self.next_s > now_s:
            return None
        due_s = self.next_s
        self._advance()
        return due_s, row

    def _advance(self) -> None:
        try:
            self._next = next(self._rows, None)
        except ReplayError as error:  # what was read before it is sent first
            self._next, self._failure = None, error
        if self._next is not None:
            if self._first_time_s is None:
                self._first_time_s = self._next.time_s
            since_s = (self._next.time_s - self._first_time_s) / self._speed
            self.next_s = max(self.next_s, self._start_s + since_s)
