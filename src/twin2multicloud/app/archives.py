"""Files to take along, under names that no system minds; zip files that whoever unpacks them need not fear, and that
are the same whenever they are made.
"""

from __future__ import annotations

import re
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Final

_BEGINNING: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can say; when it was made would make every copy another one."""
_NAMELESS: Final = re.compile(r"[^A-Za-z0-9._-]+")
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f\\:]")


def plain_name(name: str) -> str:
    """A twin's name as a file's, or a part of one."""
    return _NAMELESS.sub("-", name).strip("-.") or "twin"


def is_inside(path: str) -> bool:
    """Whether a path leads to a file below where it is unpacked, on every system: relative, with `/` only, without
    `..`, drives and control characters.
    """
    parts = path.split("/")
    return not _UNSAFE.search(path) and all(part not in ("", ".", "..") for part in parts)


def write_zip(target: IO[bytes], files: Mapping[str, bytes | Path]) -> None:
    """Write files (path → content, or where that is) in their order; what may be run stays so. `ValueError` for a path
    that leads out.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            if not is_inside(path):
                raise ValueError(f"{path!r} leads out of the archive")
            runs = isinstance(content, Path) and bool(content.stat().st_mode & stat.S_IXUSR)
            entry = zipfile.ZipInfo(path, _BEGINNING)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (stat.S_IFREG | (0o755 if runs else 0o644)) << 16
            archive.writestr(entry, content.read_bytes() if isinstance(content, Path) else content)


def files_below(directory: Path, under: str) -> dict[str, Path]:
    """All files of a directory by the paths that they have below `under`, sorted."""
    found = sorted(path for path in directory.rglob("*") if path.is_file())
    return {str(PurePosixPath(under, path.relative_to(directory).as_posix())): path for path in found}
