"""`Documents` as files in a directory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from twin2multicloud.deployer.documents import check_name, is_name
from twin2multicloud.model.errors import UsageError
from twin2multicloud.moving.log import FileLog, sync_directory


class FolderDocuments:
    """`Documents` whose names are paths below a directory: files of mode 0600 in directories of 0700.

    `beside` are patterns of what else is kept in the directory: entries that fit one are no documents. Of documents
    whose names begin with one of `secret`, a file that others can read is refused: its secret is one no more.
    """

    def __init__(self, directory: Path, *, beside: Collection[str] = (), secret: tuple[str, ...] = ()) -> None:
        self._directory = directory
        self._beside = beside
        self._secret = secret

    def read(self, name: str) -> bytes | None:
        """As `Documents.read`. `UsageError` for a secret that others can read."""
        file = self._file(name)
        try:
            with file.open("rb") as opened:
                if name.startswith(self._secret):
                    _check_private(file, os.fstat(opened.fileno()).st_mode)
                return opened.read()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None

    def write(self, name: str, content: bytes) -> None:
        """As `Documents.write`."""
        file = self._file(name)
        self._make_folder(file.parent)
        handle, draft = tempfile.mkstemp(dir=file.parent, prefix=".draft-")  # of mode 0600
        try:
            with os.fdopen(handle, "wb") as opened:
                opened.write(content)
                opened.flush()
                os.fsync(opened.fileno())
            Path(draft).replace(file)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
        sync_directory(file.parent)

    def lines(self, name: str) -> list[bytes]:
        """As `Documents.lines`."""
        return FileLog(self._file(name)).lines()

    def append(self, name: str, line: bytes) -> None:
        """As `Documents.append`."""
        file = self._file(name)
        self._make_folder(file.parent)
        FileLog(file).append(line)

    def delete(self, name: str) -> None:
        """As `Documents.delete`."""
        file = self._file(name)
        if file.is_file():
            file.unlink(missing_ok=True)
            sync_directory(file.parent)

    def rename(self, old: str, new: str) -> None:
        """As `Documents.rename`."""
        source, target = self._file(old), self._file(new)
        if not source.is_file():
            raise KeyError(old)
        self._make_folder(target.parent)
        source.replace(target)
        for folder in {source.parent, target.parent}:
            sync_directory(folder)

    def names(self, prefix: str = "") -> list[str]:
        """As `Documents.names`."""
        folder = prefix.rpartition("/")[0]
        if folder and not self._is_name(folder):
            return []
        return sorted(name for name in self._below(self._directory / folder) if name.startswith(prefix))

    # ── Mechanics ───────────────────────────────────────────────────────────────────────────────────────────
    def _file(self, name: str) -> Path:
        if not self._is_name(check_name(name)):
            raise UsageError(f"'{name}' is no name of a document in {self._directory}, where it is something else")
        return self._directory / name

    def _is_name(self, name: str) -> bool:
        first = name.partition("/")[0]
        return is_name(name) and not any(fnmatchcase(first, pattern) for pattern in self._beside)

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        if folder != self._directory:
            self._make_folder(folder.parent)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_directory(folder.parent)

    def _below(self, folder: Path) -> Iterator[str]:
        if not folder.is_dir():
            return
        for entry in folder.iterdir():
            name = entry.relative_to(self._directory).as_posix()
            if not self._is_name(name):
                continue
            if entry.is_dir():
                yield from self._below(entry)
            elif entry.is_file():
                yield name


def _check_private(file: Path, mode: int) -> None:
    if os.name == "posix" and mode & 0o077:
        raise UsageError(
            f"{file} can be read by others (mode {mode & 0o777:o}); if nobody did, set it right with chmod 600, "
            "otherwise replace what it holds"
        )
