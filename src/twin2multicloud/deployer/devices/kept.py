"""Where a deployment's own secrets are kept: its devices' authority, and what their keys are derived from."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import Final, Protocol

from twin2multicloud.model.errors import UsageError

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")


class Kept(Protocol):
    """Secrets of a deployment by name, which are never in Terraform's state. Losing one means new keys for devices."""

    def read(self, name: str) -> bytes | None:
        """A secret, None if there is none."""

    def write(self, name: str, content: bytes) -> None:
        """Set a secret, durably and whole or not at all."""


class KeptFiles:
    """`Kept` in files that only their owner can read (0600, in a directory of 0700)."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def read(self, name: str) -> bytes | None:
        """As `Kept.read`. A file that others can read is a `UsageError`: its secret is one no more."""
        file = self._file(name)
        try:
            with file.open("rb") as opened:
                mode = os.fstat(opened.fileno()).st_mode
                if os.name == "posix" and mode & 0o077:
                    raise UsageError(
                        f"{file} can be read by others (mode {mode & 0o777:o}); if nobody did, set it right with "
                        f"chmod 600, otherwise replace what it holds"
                    )
                return opened.read()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """As `Kept.write`."""
        file = self._file(name)
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkstemp makes a file of mode 0600.
        handle, temporary = tempfile.mkstemp(dir=self.directory, prefix=f".{name}-")
        try:
            with os.fdopen(handle, "wb") as opened:
                opened.write(content)
                opened.flush()
                os.fsync(opened.fileno())
            Path(temporary).replace(file)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def _file(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise UsageError(f"'{name[:80]}' is no name of a secret; use a-z, 0-9, '-' and '.'")
        return self.directory / name
