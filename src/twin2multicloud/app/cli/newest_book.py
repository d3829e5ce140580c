"""The newest price book of this machine: the one that the embedded backend took up last."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Final

from twin2multicloud.app.cli.embedded_file import rows_in
from twin2multicloud.app.cli.which import embedded_database

if TYPE_CHECKING:
    from twin2multicloud.app.optimizing.books import Book

_NEWEST: Final = "SELECT content FROM price_books ORDER BY number DESC LIMIT 1"


def newest_book() -> Book | None:
    """The book that was taken up last, whatever refreshed it: a command, the front end, a server of this data
    directory. None where none was, or where the database is not a file: whoever wants a server's names it.

    `InvalidInputError` with its faults, should this version of the program not read it.
    """
    found = embedded_database()
    if found is None:
        return None
    scheme, _, file = found.url.partition(":///")
    if not scheme.startswith("sqlite"):
        return None
    try:
        rows = rows_in(Path(file), _NEWEST)
    except sqlite3.Error:  # of another version, or not made yet; the backend itself says what is the matter
        return None
    if not rows:
        return None
    from twin2multicloud.app.optimizing.books import Book  # which reads prices, and those take long to load

    return Book.unpacked(rows[0][0])
