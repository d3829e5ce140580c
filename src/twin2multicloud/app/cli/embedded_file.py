"""Looking into the embedded backend's database as a file, and nothing else: no backend is opened, no run is begun."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

_WAIT_S: Final = 20.0


def rows_in(file: Path, query: str) -> list[tuple[Any, ...]]:
    """What a query finds. `sqlite3.Error` where the file is none, or has other tables."""
    # Not `mode=ro`, which would leave the files of the write-ahead log behind.
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=_WAIT_S)) as found:
        found.execute("PRAGMA query_only = ON")
        return found.execute(query).fetchall()
