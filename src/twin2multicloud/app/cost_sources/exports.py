"""Exports of bills as files in an object store: which of them are a month's newest, and their lines.

AWS (Data Exports, FOCUS) writes `…/data/BILLING_PERIOD=2026-11/name-00001.csv.gz` anew each time. Azure (Cost
Management exports, FOCUS) writes `…/20261101-20261130/<run>/part_0_0001.csv`, a directory for each run. So the files of
one directory are an export, and of those for a month the one that was written last counts: earlier ones are what it was
thought before.
"""

from __future__ import annotations

import calendar
import gzip
import io
import tempfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Final, Protocol, cast

from twin2multicloud.costing.lines import BadLine, CostLine
from twin2multicloud.costing.reading import read_bill
from twin2multicloud.model.errors import Finding, InvalidInputError, UsageError

MOST_BYTES: Final = 1 << 30
_IN_MEMORY: Final = 8 << 20


@dataclass(frozen=True)
class StoredFile:
    """A file as a store lists it."""

    name: str
    written: datetime
    size: int

    @property
    def directory(self) -> str:
        """Where it is."""
        return self.name.rpartition("/")[0]


class FileStore(Protocol):
    """An object store as somebody may read it."""

    def files(self, prefix: str) -> Iterable[StoredFile]:
        """The files below a prefix, over all pages."""

    def fetch(self, name: str, into: IO[bytes]) -> None:
        """Write a file's content."""


Begin = Callable[[str, int, int | None], None]
"""Is told which part of an export is read next: a file's name, or what else it is; its number, and of how many, where
that is known.
"""


class SourceError(Exception):
    """A cloud did not give what was asked for; the text says why, without secrets."""


def nobody(_part: str, _number: int, _of: int | None) -> None:
    """Nobody is told."""


def exported(store: FileStore, prefix: str, period: str, begin: Begin = nobody) -> Iterator[CostLine | BadLine]:
    """The lines of the newest export of a month (as in 2026-11) below a prefix.

    Raises `UsageError` where there is none, `InvalidInputError` for files that are no FOCUS, and what the store raises.
    """
    files = newest(store.files(prefix), period)
    if not files:
        raise UsageError(f"there is no export of {period} as CSV below {prefix or 'the whole store'}")
    if sum(file.size for file in files) > MOST_BYTES:
        raise UsageError(
            f"the export of {period} is larger than {MOST_BYTES >> 20:,} MiB; export less columns or lines"
        )
    for number, file in enumerate(files, 1):
        begin(file.name.rpartition("/")[2], number, len(files))
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as content:
            store.fetch(file.name, cast("IO[bytes]", content))
            content.seek(0)
            for line in _lines(file.name, cast("IO[bytes]", content)):
                if isinstance(line, BadLine) or line.period == period:
                    yield line


def newest(files: Iterable[StoredFile], period: str) -> list[StoredFile]:
    """The files of the directory for a month that was written last, by name."""
    directories: dict[str, list[StoredFile]] = defaultdict(list)
    for file in files:
        if file.name.lower().endswith((".csv", ".csv.gz")) and _is_of(file.directory, period):
            directories[file.directory].append(file)
    if not directories:
        return []
    last = max(directories.values(), key=lambda some: max(file.written for file in some))
    return sorted(last, key=lambda file: file.name)


def _is_of(directory: str, period: str) -> bool:
    year, month = map(int, period.split("-"))
    span = f"{year}{month:02}01-{year}{month:02}{calendar.monthrange(year, month)[1]:02}"
    parts = directory.split("/")
    return span in parts or f"BILLING_PERIOD={period}" in parts or f"billing_period={period}" in parts


def _lines(name: str, content: IO[bytes]) -> Iterator[CostLine | BadLine]:
    raw = gzip.GzipFile(fileobj=content, mode="rb") if name.lower().endswith(".gz") else content
    try:
        yield from read_bill(io.TextIOWrapper(cast("IO[bytes]", raw), "utf-8", newline=""))
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidInputError("bill", [Finding(name, f"cannot be unpacked: {error}")]) from error
