"""Which sealed secrets the keys at hand do not open: every one of them, not some as `opening` tries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Column, Table, delete, literal, select, tuple_
from sqlalchemy.orm import Session

from twin2multicloud.app.db.sealed import CONTEXTS, sealed_columns
from twin2multicloud.app.db.sealing import Sealer, SealError

Key = dict[str, Any]
"""A row's primary key, by column."""
_AT_ONCE: Final = 50
"""Rows read together: states are large."""


def lost_rows(session: Session, sealer: Sealer) -> dict[str, list[Key]]:
    """The rows with a secret that cannot be opened, by table. A row is there once, whatever it holds."""
    found: dict[str, dict[tuple[Any, ...], Key]] = {}
    for table, column in sealed_columns():
        rows = found.setdefault(table.name, {})
        for key, sealed in _secrets(session, table, column):
            try:
                sealer.open(sealed, CONTEXTS[f"{table.name}.{column.name}"](key))
            except SealError:
                rows[tuple(key.values())] = key
    return {name: list(rows.values()) for name, rows in found.items() if rows}


def forget_rows(session: Session, table: Table, keys: list[Key]) -> None:
    """Delete rows by their keys."""
    for key in keys:
        session.execute(delete(table).where(*(table.columns[name] == value for name, value in key.items())))


def _secrets(session: Session, table: Table, column: Column[bytes]) -> Iterator[tuple[Key, bytes]]:
    keys = list(table.primary_key.columns)
    query = select(*keys, column).where(column.is_not(None)).order_by(*keys).limit(_AT_ONCE)
    after: Key | None = None
    while True:
        bound = [] if after is None else [tuple_(*keys) > tuple_(*(literal(after[k.name], k.type) for k in keys))]
        rows = session.execute(query.where(*bound)).all()
        for row in rows:
            after = {key.name: value for key, value in zip(keys, row[:-1], strict=True)}
            yield after, row[-1]
        if len(rows) < _AT_ONCE:
            return
