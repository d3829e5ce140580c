"""The newest price book of this machine, which the embedded backend took up last, and when its prices were seen."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any, Final

from twin2multicloud.app.cli.embedded_file import rows_in
from twin2multicloud.app.cli.which import embedded_database

if TYPE_CHECKING:
    from twin2multicloud.app.optimizing.books import Book
    from twin2multicloud.optimizer.pricing.fetching.staleness import Checks

_NEWEST: Final = "SELECT content FROM price_books ORDER BY number DESC LIMIT 1"
_CHECKS: Final = "SELECT region, prices FROM price_checks"


def newest_book() -> Book | None:
    """The book that was taken up last, whatever refreshed it: a command, the front end, a server of this data
    directory. None where none was, or where the database is not a file: whoever wants a server's names it.

    `InvalidInputError` with its faults, should this version of the program not read it.
    """
    rows = _rows(_NEWEST)
    if not rows:
        return None
    from twin2multicloud.app.optimizing.books import Book  # which reads prices, and those take long to load

    return Book.unpacked(rows[0][0])


def checks_here() -> Checks:
    """When each price was last seen in its list by refreshes of this machine."""
    from twin2multicloud.optimizer.pricing.fetching.staleness import Check  # as above

    return {
        (meter, region): Check(on, price)
        for region, prices in _rows(_CHECKS)
        for meter, (on, price) in json.loads(prices).items()
    }


def _rows(query: str) -> list[tuple[Any, ...]]:
    found = embedded_database()
    if found is None or found.file is None:
        return []
    try:
        return rows_in(found.file, query)
    except sqlite3.Error:  # of another version, or not made yet; the backend itself says what is the matter
        return []
