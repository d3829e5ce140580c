"""Rows of any of our databases as lines of JSON, the same lines whichever kind of database they come from."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    select,
)
from sqlalchemy.types import JSON, TypeEngine

from twin2multicloud.app.db import tables
from twin2multicloud.app.db.base import Base, Json, UtcDateTime
from twin2multicloud.model.errors import Twin2MultiCloudError

Kind = Literal["text", "integer", "real", "flag", "moment", "bytes", "json"]
FORMER_TABLES: Final[frozenset[str]] = frozenset()
"""Tables that earlier revisions had and this one has not: a migration that drops a table adds its name."""
_KINDS: Final[tuple[tuple[type[TypeEngine[Any]], Kind], ...]] = (
    (Boolean, "flag"),
    (JSON, "json"),
    (DateTime, "moment"),
    (LargeBinary, "bytes"),
    (Integer, "integer"),
    (Float, "real"),
    (String, "text"),
)
_EXACT: Final = 2.0**53
_ROWS: Final = 500
assert tables.__all__


class PortableError(Twin2MultiCloudError):
    """Something cannot be brought from one database to another (exit code 6)."""

    exit_code = 6


def our_tables(connection: Connection) -> list[Table]:
    """Our tables as this database has them, those that others refer to first."""
    known = {*Base.metadata.tables, *FORMER_TABLES}
    metadata = MetaData()
    metadata.reflect(connection, only=lambda name, _: name in known)
    for table in metadata.tables.values():
        for column in table.columns:
            kind = kind_of(column)
            if kind == "json":
                column.type = Json
            elif kind == "moment":
                column.type = UtcDateTime()
    return metadata.sorted_tables


def kind_of(column: Column[Any]) -> Kind:
    """What a column holds, whatever this database calls it."""
    found = next((kind for type_, kind in _KINDS if isinstance(column.type, type_)), None)
    if isinstance(column.type, UtcDateTime):
        found = "moment"
    if found is None:
        raise PortableError(f"{column.table.name}.{column.name} is of a type that cannot be carried: {column.type!r}")
    return found


def kinds_of(table: Table) -> dict[str, Kind]:
    """All its columns, in one order on all databases."""
    return {name: kind_of(table.columns[name]) for name in sorted(column.name for column in table.columns)}


def lines_of(connection: Connection, table: Table) -> Iterator[bytes]:
    """A table's rows, each a JSON array in the order of `kinds_of`, sorted by its primary key."""
    kinds = kinds_of(table)
    # Text sorts by its bytes everywhere, not as the language of one server has it.
    bytewise = connection.dialect.name == "postgresql"
    keys = [
        column.collate("C") if bytewise and kind_of(column) == "text" else column
        for column in table.primary_key.columns
    ]
    query = select(*(table.columns[name] for name in kinds)).order_by(*keys).execution_options(yield_per=_ROWS)
    with connection.execute(query) as rows:
        for row in rows:
            told = [_told(value, kind) for value, kind in zip(row, kinds.values(), strict=True)]
            yield msgspec.json.encode(told, order="sorted") + b"\n"


def insert_lines(connection: Connection, table: Table, lines: Iterable[bytes], kinds: Mapping[str, Kind]) -> None:
    """Put rows into a table, as `lines_of` has written them."""
    rows: list[dict[str, Any]] = []
    for line in lines:
        values = msgspec.json.decode(line)
        rows.append({name: _meant(value, kinds[name]) for name, value in zip(kinds, values, strict=True)})
        if len(rows) == _ROWS:
            connection.execute(table.insert(), rows)
            rows = []
    if rows:
        connection.execute(table.insert(), rows)


def digest(lines: Iterable[bytes]) -> tuple[int, str]:
    """How many lines there are, and their SHA-256."""
    found, count = hashlib.sha256(), 0
    for line in lines:
        found.update(line)
        count += 1
    return count, found.hexdigest()


def _told(value: Any, kind: Kind) -> Any:
    if value is None:
        return None
    match kind:
        case "bytes":
            return base64.b64encode(value).decode()
        case "moment":
            return value.astimezone(UTC).isoformat()
        case "real":
            return float(value)
        case "flag":
            return bool(value)
        case "json":
            return _plain(value)
        case _:
            return value


def _meant(value: Any, kind: Kind) -> Any:
    if value is None:
        return None
    match kind:
        case "bytes":
            return base64.b64decode(value, validate=True)
        case "moment":
            return datetime.fromisoformat(value)
        case _:
            return value


def _plain(value: Any) -> Any:
    """JSON with one spelling for each number: PostgreSQL keeps decimals, which know neither 1e22 nor -0.0."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, float) and value.is_integer() and (abs(value) >= _EXACT or value == 0):
        return int(value) if value else 0.0
    return value
