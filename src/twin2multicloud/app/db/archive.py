"""Backups: one file with every row of ours, made while all runs, which either kind of database takes back.

A ZIP with `manifest.json` (form, revision, for each table its columns, its number of rows and their SHA-256) and
`tables/<name>.ndjson`. All of it is of one moment. What the engine of runs keeps is not in it: stages are started from
our tables.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import msgspec
from sqlalchemy import Connection, Table, func, inspect, select, text

from twin2multicloud import __version__
from twin2multicloud.app.db import migrate, portable
from twin2multicloud.app.db.database import Database
from twin2multicloud.app.db.portable import Kind
from twin2multicloud.app.db.revision import head, within
from twin2multicloud.model.errors import Twin2MultiCloudError

FORM: Final = 1
_MANIFEST: Final = "manifest.json"
_REVISIONS: Final = "alembic_version"
_MANIFEST_BYTES: Final = 4 << 20
_LOOKS: Final = 10
"""How often it is looked, a tenth of a second apart, whether others are still connected."""


class ArchiveError(Twin2MultiCloudError):
    """A backup cannot be made, read or restored; nothing was changed (exit code 6)."""

    exit_code = 6


class TableFacts(msgspec.Struct, frozen=True):
    """What a backup holds of one table."""

    columns: dict[str, Kind]
    rows: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds. `counters` are the last numbers given out, `keys` the fingerprints of the master keys that
    secrets in it are sealed with, by name; `sealed_keys` says whether these keys came along, under a passphrase.
    """

    form: int
    made_at: str
    program: str
    database: str
    revision: str
    tables: dict[str, TableFacts]
    counters: dict[str, int] = {}
    keys: dict[str, str] = {}
    sealed_keys: bool = False

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(table.rows for table in self.tables.values())


@dataclass(frozen=True)
class Restored:
    """What was restored, and into which revision it was brought then."""

    manifest: Manifest
    revision: str


# ── Making ──────────────────────────────────────────────────────────────────────────────────────────────────
def write(
    database: Database,
    file: Path,
    *,
    made_at: str,
    keys: Mapping[str, str],
    more: Mapping[str, bytes] | None = None,
) -> Manifest:
    """Write a backup, whole or not at all, readable by its owner only. `more` are files to put beside the tables.

    Raises `ArchiveError` for a database without tables, and where there is a file already.
    """
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with (
            os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as stream,
            zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
            _moment(database) as connection,
        ):
            revision = within(connection)
            if revision is None:
                raise ArchiveError("this database has no tables yet, so there is nothing to back up")
            tables = portable.our_tables(connection)
            manifest = Manifest(
                FORM,
                made_at,
                __version__,
                connection.dialect.name,
                revision,
                {table.name: _write_table(archive, connection, table) for table in tables},
                _counters(connection, tables),
                dict(keys),
                bool(more),
            )
            for name, content in (more or {}).items():
                archive.writestr(name, content)
            archive.writestr(_MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
        try:
            os.link(draft, file)
        except FileExistsError as error:
            raise ArchiveError(f"{file} is there already; a backup overwrites nothing") from error
    except OSError as error:
        raise ArchiveError(f"{file} cannot be written: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)
    return manifest


@contextmanager
def _moment(database: Database) -> Iterator[Connection]:
    """A connection that sees one moment, while others write on."""
    if database.is_sqlite:
        with database.engine.connect() as connection:
            yield connection
        return
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with database.engine.connect().execution_options(**options) as connection:
        yield connection


def _write_table(archive: zipfile.ZipFile, connection: Connection, table: Table) -> TableFacts:
    with archive.open(_entry(table.name), "w", force_zip64=True) as entry:

        def written() -> Iterator[bytes]:
            for line in portable.lines_of(connection, table):
                entry.write(line)
                yield line

        rows, sha256 = portable.digest(written())
    return TableFacts(portable.kinds_of(table), rows, sha256)


def _entry(table: str) -> str:
    return f"tables/{table}.ndjson"


# ── Restoring ───────────────────────────────────────────────────────────────────────────────────────────────
class Archive:
    """A backup that is read. Opening it checks it whole; `ArchiveError` for one that is damaged or none of ours."""

    def __init__(self, file: Path) -> None:
        self.file = file
        try:
            self._zip = zipfile.ZipFile(file)
            if self._zip.getinfo(_MANIFEST).file_size > _MANIFEST_BYTES:
                raise ArchiveError(f"{file} is no backup of ours: its manifest is too large")
            self.manifest = msgspec.json.decode(self._zip.read(_MANIFEST), type=Manifest)
        except FileNotFoundError as error:
            raise ArchiveError(f"there is no file {file}") from error
        except (OSError, zipfile.BadZipFile, KeyError, msgspec.DecodeError) as error:
            raise ArchiveError(f"{file} is no backup of ours ({type(error).__name__})") from error
        if self.manifest.form != FORM:
            raise ArchiveError(f"{file} is of form {self.manifest.form}, which this version does not read")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def beside(self, name: str) -> bytes | None:
        """A file beside the tables."""
        return self._zip.read(name) if name in self._zip.namelist() else None

    def check(self) -> None:
        """`ArchiveError` unless every row is there as it was written."""
        for name, facts in self.manifest.tables.items():
            try:
                found = portable.digest(self._lines(name))
            except (KeyError, zipfile.BadZipFile, OSError, EOFError) as error:
                raise ArchiveError(f"{self.file} is damaged: {name} cannot be read") from error
            if found != (facts.rows, facts.sha256):
                raise ArchiveError(f"{self.file} is damaged: {name} is not as its manifest says")

    def restore(self, database: Database, *, replace: bool) -> Restored:
        """Put everything into a database, in one transaction: it is either as it was before, or holds exactly what the
        backup does, brought to the revision of this version.

        Raises `ArchiveError` for a database that is not empty, unless it is to be replaced.
        """
        self.check()
        with database.engine.execution_options(t2m_immediate=True).begin() as connection:
            check_alone(connection)
            there = portable.our_tables(connection)
            held = [table.name for table in there if connection.scalar(select(func.count()).select_from(table))]
            if held and not replace:
                raise ArchiveError(
                    f"the database is not empty ({', '.join(sorted(held)[:5])} …); --replace forgets all it holds"
                )
            _drop(connection, there)
            migrate.upgrade_within(connection, self.manifest.revision)
            tables = portable.our_tables(connection)
            if {table.name: portable.kinds_of(table) for table in tables} != {
                name: facts.columns for name, facts in self.manifest.tables.items()
            }:
                raise ArchiveError(f"{self.file} does not fit the tables of revision {self.manifest.revision}")
            for table in tables:
                facts = self.manifest.tables[table.name]
                portable.insert_lines(connection, table, self._lines(table.name), facts.columns)
            for table in tables:
                facts = self.manifest.tables[table.name]
                if portable.digest(portable.lines_of(connection, table)) != (facts.rows, facts.sha256):
                    raise ArchiveError(f"{table.name} did not arrive as it was; nothing was restored")
            _count_on(connection, self.manifest.counters)
            migrate.upgrade_within(connection, "head")
        return Restored(self.manifest, head())

    def _lines(self, table: str) -> Iterator[bytes]:
        with self._zip.open(_entry(table)) as entry:
            yield from entry


def check_alone(connection: Connection) -> None:
    """`ArchiveError` while others are connected to the database, as far as it tells (PostgreSQL does)."""
    if connection.dialect.name != "postgresql":
        return
    for _ in range(_LOOKS):
        others = connection.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        )
        if not others:
            return
        # A connection that was closed a moment ago is there until its process has ended.
        connection.execute(text("SELECT pg_sleep(0.1), pg_stat_clear_snapshot()"))
    raise ArchiveError(f"{others} other connections to this database are open; stop every server of it first")


def _drop(connection: Connection, tables: list[Table]) -> None:
    for table in reversed(tables):
        table.drop(connection)
    if inspect(connection).has_table(_REVISIONS):
        connection.execute(text(f"DROP TABLE {_REVISIONS}"))


# ── Numbers that are given out once ─────────────────────────────────────────────────────────────────────────
def _counters(connection: Connection, tables: list[Table]) -> dict[str, int]:
    """The last number given out for each table that counts, so that none is given out again."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("SELECT name, seq FROM sqlite_sequence"))
        known = {table.name for table in tables}
        return {name: int(number) for name, number in rows if name in known}
    found = {}
    for table, sequence in _sequences(connection, tables):
        last: Any = connection.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()  # noqa: S608
        if last.is_called:
            found[table] = int(last.last_value)
    return found


def _count_on(connection: Connection, counters: Mapping[str, int]) -> None:
    tables = [table for table in portable.our_tables(connection) if table.name in counters]
    if connection.dialect.name == "sqlite":
        for name, number in counters.items():
            changed = connection.execute(
                text("UPDATE sqlite_sequence SET seq = max(seq, :n) WHERE name = :t"), {"n": number, "t": name}
            )
            if not changed.rowcount:
                connection.execute(text("INSERT INTO sqlite_sequence VALUES (:t, :n)"), {"n": number, "t": name})
        return
    for table, sequence in _sequences(connection, tables):
        connection.execute(text("SELECT setval(:s, :n)"), {"s": sequence, "n": counters[table]})


def _sequences(connection: Connection, tables: list[Table]) -> Iterator[tuple[str, str]]:
    for table in tables:
        key = list(table.primary_key.columns)
        if len(key) == 1 and portable.kind_of(key[0]) == "integer":
            sequence = connection.scalar(
                text("SELECT pg_get_serial_sequence(:t, :c)"), {"t": table.name, "c": key[0].name}
            )
            if sequence is not None:
                yield table.name, str(sequence)
