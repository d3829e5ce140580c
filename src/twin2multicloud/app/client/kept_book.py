"""The price book that a server sent last, kept so that it is sent again only where it has changed.

What is kept counts for nothing by itself: the server says whether it is in use still, and whoever reads it calculates
its hash anew.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import ValidationError

from twin2multicloud.app.schemas.catalogue import WholeBook
from twin2multicloud.private_files import write_private


class KeptBook:
    """One server's book in a file that only its owner may read."""

    def __init__(self, directory: Path, url: str) -> None:
        self._file = directory / "prices" / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.json"

    def read(self) -> WholeBook | None:
        """The book; None where none is kept, or what is there is none, or was open to others."""
        try:
            if self._file.stat().st_mode & 0o077:
                return None
            return WholeBook.model_validate_json(self._file.read_bytes())
        except (OSError, ValidationError):
            return None

    def write(self, whole: WholeBook) -> None:
        """Keep it, whole or not at all. Where nothing can be kept, it is fetched each time."""
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(self._file, whole.model_dump_json().encode())
        except OSError:
            return
