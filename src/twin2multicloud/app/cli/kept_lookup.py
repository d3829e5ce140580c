"""Whether the embedded backend keeps a twin: asked of its database alone, read-only.

A word may name a kept twin or a built-in scenario, so that commands look before they know which is meant. That must not
begin anything: no keys are looked at, no run is carried out, nothing is made.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from twin2multicloud.app.cli.embedded_file import rows_in
from twin2multicloud.app.data_directory import LOCK_FILE
from twin2multicloud.held import is_held

_TWINS: Final = """
SELECT id, name FROM twins, (SELECT id AS me FROM users WHERE subject LIKE 'local|%' ORDER BY created_at LIMIT 1) AS who
WHERE workspace_id IN (SELECT workspace_id FROM workspace_members WHERE user_id = me)
   OR id IN (SELECT twin_id FROM twin_members WHERE user_id = me)
ORDER BY name
"""
"""Twins that the local user may see, as the backend's rules of access have it."""


class UnknownTablesError(Exception):
    """The database does not answer as this version's would: the backend itself says what is the matter."""


def is_served(data: Path) -> bool:
    """Whether a server holds a data directory: it is asked then, whichever database it has."""
    return is_held(data / LOCK_FILE)


def kept_twins(url: str) -> dict[str, str]:
    """The twins that the local user may see, by their ids. `UnknownTablesError` where the database cannot tell."""
    scheme, _, file = url.partition(":///")
    rows = _of_sqlite(file) if scheme == "sqlite" else _of_database(url)
    return dict(rows)


def _of_sqlite(file: str) -> list[tuple[str, str]]:
    try:
        return [(row[0], row[1]) for row in rows_in(Path(file), _TWINS)]
    except sqlite3.Error as error:
        raise UnknownTablesError from error


def _of_database(url: str) -> list[tuple[str, str]]:
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    from twin2multicloud.app.db.database import Database

    database = Database(url, pool=2)
    try:
        with database.read() as session:
            return [(row[0], row[1]) for row in session.execute(text(_TWINS))]
    except SQLAlchemyError as error:
        raise UnknownTablesError from error
    finally:
        database.close()
