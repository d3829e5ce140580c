"""L3 cool and archive: a file per object, and an index in SQLite that says which objects there are.

An object exists once its row is committed; the file is written, complete and on the disk, before that. A process that
is killed in between leaves a file that no row names, which the next start removes once it is an hour old. Files are
named by chance, not by their keys, so no key can reach outside the directory, and "a" and "a/b" can both exist.

The index also keeps every stay of an object in a storage class, with the twin's time, so that storage by class and
minimum durations can be accounted for.

Operations at the gate: objects.create, objects.read, objects.delete, objects.set_class.
"""

# ruff: noqa: S608 - statements are put together from constants and numbers of this module; values are bound

from __future__ import annotations

import os
import re
import sqlite3
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from twin2multicloud.runtime.adapters.local.database import Database, Gate, open_gate
from twin2multicloud.runtime.failures import RejectedError, StoreError
from twin2multicloud.runtime.ports import Clock, StoredObject
from twin2multicloud.runtime.system_clock import SystemClock

STORAGE_CLASSES: Final = ("standard", "cool", "archive")

_SCHEMA: Final = (
    (
        "CREATE TABLE objects (key TEXT PRIMARY KEY, file TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,"
        " metadata TEXT NOT NULL, storage_class TEXT NOT NULL, created REAL NOT NULL)",
        "CREATE TABLE stays (key TEXT NOT NULL, size INTEGER NOT NULL, storage_class TEXT NOT NULL,"
        " since REAL NOT NULL, until REAL)",
        "CREATE INDEX stays_by_key ON stays (key) WHERE until IS NULL",
    ),
)
_ORPHAN_S: Final = 3600.0
_KEY_BYTES: Final = 512
_KEY: Final = re.compile(r"[A-Za-z0-9._:+=@,~ ()'!$&*-]+(/[A-Za-z0-9._:+=@,~ ()'!$&*-]+)*")
_METADATA_BYTES: Final = 2048
_METADATA_KEY: Final = re.compile(r"[a-z0-9_]+")
_AFTER_ALL: Final = "\U0010ffff"
_OBJECT: Final = "SELECT key, size, metadata, storage_class FROM objects"
_ENTER: Final = "INSERT INTO stays (key, size, storage_class, since) SELECT key, size, storage_class, ? FROM objects"
_LEAVE: Final = "UPDATE stays SET until = ? WHERE until IS NULL AND key IN (SELECT key FROM objects"


class Stay(msgspec.Struct, frozen=True):
    """An object's time in a storage class, in seconds since 1970 of the twin's time; `until` None = still there."""

    key: str
    size: int
    storage_class: str
    since: float
    until: float | None


class ClassUsage(msgspec.Struct, frozen=True):
    """What is in a storage class: objects, their bytes, and the records they hold (`count` in their metadata)."""

    objects: int
    size: int
    records: int = 0


class LocalObjectStore:
    """`ports.ObjectStore` in a directory. `clock` is the twin's. Archived objects can be read at once."""

    def __init__(self, directory: Path, *, clock: Clock | None = None, gate: Gate = open_gate) -> None:
        self.database = Database(directory / "index.db", _SCHEMA, power_safe=True, gate=gate)
        self._files = directory / "files"
        self._clock = clock or SystemClock()
        with self.database.errors("open"):
            self._files.mkdir(mode=0o700, exist_ok=True)
            self._remove_orphans()

    def close(self) -> None:
        """Close the index."""
        self.database.close()

    def create(self, key: str, body: bytes, metadata: Mapping[str, str], storage_class: str) -> bool:
        """As the port says. `RejectedError` for a key, metadata or a class that no store would take."""
        _check(key, metadata, storage_class)
        if self._row("objects.create", key) is not None:
            return False
        name = uuid.uuid4().hex
        row = (key, name, len(body), msgspec.json.encode(dict(metadata)).decode(), storage_class, self._clock.now())
        path = self._path(name)
        created = False

        def work(db: sqlite3.Connection) -> bool:
            if db.execute("INSERT OR IGNORE INTO objects VALUES (?, ?, ?, ?, ?, ?)", row).rowcount != 1:
                return False
            db.execute(f"{_ENTER} WHERE key = ?", (row[5], key))
            return True

        try:
            with self.database.errors("objects.create"):
                _write_file(path, body)
            created = self.database.write("objects.create", work, gated=False)
        finally:
            if not created:
                path.unlink(missing_ok=True)
        return created

    def get(self, key: str) -> bytes:
        """As the port says."""
        query = "SELECT file, size FROM objects WHERE key = ?"
        for _ in range(3):
            row = self.database.read("objects.read", lambda db: db.execute(query, (key,)).fetchone())
            if row is None:
                raise KeyError(key)
            with self.database.errors("objects.read"), suppress(FileNotFoundError):
                body = self._path(row[0]).read_bytes()
                if len(body) != row[1]:
                    raise StoreError(f"object {key!r} has {len(body)} bytes on the disk instead of {row[1]}")
                return body
            # Deleted, perhaps created anew, between the two looks.
        raise StoreError(f"object {key!r} is in the index, but its file {self._path(row[0])} is missing")

    def head(self, key: str) -> StoredObject | None:
        """As the port says."""
        return self._row("objects.read", key)

    def list(self, prefix: str, after: str = "", limit: int = 1000) -> list[StoredObject]:
        """As the port says."""
        query = f"{_OBJECT} WHERE key >= ? AND key < ? AND key > ? ORDER BY key LIMIT ?"
        parameters = (prefix, prefix + _AFTER_ALL, after, max(limit, 0))
        rows = self.database.read("objects.read", lambda db: db.execute(query, parameters).fetchall())
        return [_stored(row) for row in rows]

    def delete(self, key: str) -> None:
        """As the port says."""
        self._delete("key = ?", (key,))

    def set_class(self, key: str, storage_class: str) -> None:
        """As the port says."""
        _check(key, {}, storage_class)
        if self._move(storage_class, "key = ?", (key,)) == 0 and self.head(key) is None:
            raise KeyError(key)

    def transition(self, before_key: str, from_class: str, to_class: str) -> int:
        """Move all objects of one class whose keys sort before `before_key` to another; how many were moved."""
        _check(before_key, {}, to_class)
        return self._move(to_class, "key < ? AND storage_class = ?", (before_key, from_class))

    def expire(self, before_key: str, storage_class: str) -> int:
        """Remove all objects of a class whose keys sort before `before_key`; how many were removed."""
        return self._delete("key < ? AND storage_class = ?", (before_key, storage_class))

    def usage(self) -> dict[str, ClassUsage]:
        """Objects and bytes by storage class, of those that hold any."""
        query = (
            "SELECT storage_class, count(*), sum(size),"
            " sum(coalesce(CAST(json_extract(metadata, '$.count') AS INTEGER), 0))"
            " FROM objects GROUP BY storage_class"
        )
        rows = self.database.read("objects.read", lambda db: db.execute(query).fetchall())
        return {storage_class: ClassUsage(objects, size, records) for storage_class, objects, size, records in rows}

    def stays(self) -> Sequence[Stay]:
        """Every stay of every object that there is or was, by its beginning."""
        query = "SELECT key, size, storage_class, since, until FROM stays ORDER BY since, key, rowid"
        rows = self.database.read("objects.read", lambda db: db.execute(query).fetchall())
        return [Stay(*row) for row in rows]

    def forget_stays(self, before: float) -> None:
        """Drop stays that ended before a time."""
        self.database.write("objects.delete", lambda db: db.execute("DELETE FROM stays WHERE until < ?", (before,)))

    def _move(self, to_class: str, condition: str, parameters: tuple[str, ...]) -> int:
        now_s = self._clock.now()
        # Conditions are constants of this module; values are bound.
        chosen = f"{condition} AND storage_class <> ?"

        def work(db: sqlite3.Connection) -> int:
            keys = db.execute(f"SELECT key FROM objects WHERE {chosen}", (*parameters, to_class)).fetchall()
            db.executemany(f"{_LEAVE} WHERE key = ?)", [(now_s, key) for (key,) in keys])
            db.executemany("UPDATE objects SET storage_class = ? WHERE key = ?", [(to_class, key) for (key,) in keys])
            db.executemany(f"{_ENTER} WHERE key = ?", [(now_s, key) for (key,) in keys])
            return len(keys)

        return self.database.write("objects.set_class", work)

    def _delete(self, condition: str, parameters: tuple[str, ...]) -> int:
        now_s = self._clock.now()

        def work(db: sqlite3.Connection) -> list[str]:
            files = db.execute(f"SELECT file FROM objects WHERE {condition}", parameters).fetchall()
            db.execute(f"{_LEAVE} WHERE {condition})", (now_s, *parameters))
            db.execute(f"DELETE FROM objects WHERE {condition}", parameters)
            return [name for (name,) in files]

        names = self.database.write("objects.delete", work)
        for name in names:
            # Without its row it is no object any more; should this fail, the next start removes it.
            with suppress(OSError):
                self._path(name).unlink()
        return len(names)

    def _row(self, operation: str, key: str) -> StoredObject | None:
        row = self.database.read(operation, lambda db: db.execute(f"{_OBJECT} WHERE key = ?", (key,)).fetchone())
        return None if row is None else _stored(row)

    def _path(self, name: str) -> Path:
        return self._files / name[:2] / name

    def _remove_orphans(self) -> None:
        old = time.time() - _ORPHAN_S
        files = {path.name: path for path in self._files.glob("*/*") if path.stat().st_mtime < old}
        if not files:
            return
        known = self.database.read("objects.read", lambda db: db.execute("SELECT file FROM objects").fetchall())
        for name in files.keys() - {name for (name,) in known}:
            files[name].unlink(missing_ok=True)


def _write_file(path: Path, body: bytes) -> None:
    """A new file of mode 0600 that is wholly on the disk, as is its name."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        view = memoryview(body)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _stored(row: tuple[str, int, str, str]) -> StoredObject:
    key, size, metadata, storage_class = row
    return StoredObject(key, size, msgspec.json.decode(metadata, type=dict[str, str]), storage_class)


def _check(key: str, metadata: Mapping[str, str], storage_class: str) -> None:
    if len(key) > _KEY_BYTES or _KEY.fullmatch(key) is None or {"..", "."} & set(key.split("/")):
        raise RejectedError(
            f"key {key[:80]!r} is no object key; use up to {_KEY_BYTES} letters, digits and ._:+=@,~-, joined by /"
        )
    if storage_class not in STORAGE_CLASSES:
        raise RejectedError(f"storage class {storage_class[:40]!r} is none of {', '.join(STORAGE_CLASSES)}")
    for name, value in metadata.items():
        if _METADATA_KEY.fullmatch(name) is None or not (value.isascii() and value.isprintable()):
            raise RejectedError(f"metadata {name[:40]!r} of {key!r}: keys are a-z, 0-9 and _, values printable ASCII")
    if sum(len(name) + len(value) for name, value in metadata.items()) > _METADATA_BYTES:
        raise RejectedError(
            f"metadata of object {key!r} have more than {_METADATA_BYTES} bytes; put them into the body"
        )
