"""What is sealed: every column of the type `Sealed`, and what the secret of a row is for.

The context is authenticated with the secret: whoever seals and whoever opens says the same one, which is why they are
all here. It names the row by its key, so that a sealed value is worth nothing in another row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Column, Table

from twin2multicloud.app.db import tables
from twin2multicloud.app.db.base import Base, Sealed

Row = Mapping[str, Any]
"""The values of a row's primary key, by column."""
assert tables.__all__

CONTEXTS: Final[Mapping[str, Callable[[Row], str]]] = {
    "alert_routes.sealed": lambda row: f"alert-route/{row['id']}",
    "connections.sealed": lambda row: f"connection/{row['id']}",
    "documents.sealed": lambda row: f"document/{row['twin_id']}/{row['target']}/{row['name']}/{row['line']}",
    "login_attempts.identity": lambda row: f"login/identity/{row['state_hash'].hex()}",
    "login_attempts.secrets": lambda row: f"login/secrets/{row['state_hash'].hex()}",
    "state_versions.sealed": lambda row: f"state/{row['twin_id']}/{row['target']}/{row['stack']}/{row['number']}",
}
"""By table and column."""


def context_of(column: str, **key: Any) -> str:
    """What the secret in a column (`table.column`) is for, in the row with that key."""
    return CONTEXTS[column](key)


def sealed_columns() -> Iterator[tuple[Table, Column[bytes]]]:
    """All columns that hold sealed secrets, in the order of tables' names."""
    for table in sorted(Base.metadata.tables.values(), key=lambda each: each.name):
        for column in table.columns:
            if isinstance(column.type, Sealed):
                yield table, column
