"""What functions on Azure import besides our code: wheels of the package index, put into their packages.

Without account keys nobody builds there: the Consumption plan runs a zip as it is. So a package that is uploaded holds
its dependencies in `.python_packages/lib/site-packages`, where the worker looks for them. Which wheels these are, for
Python 3.12 on x86-64, stands in `wheels.json` with their hashes, so that a plan needs neither index nor wheels.
"""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from twin2multicloud.deployer.layer import Index, Wheels
from twin2multicloud.model.errors import UsageError

SITE_PACKAGES: Final = ".python_packages/lib/site-packages/"
_LOCK: Final = files(__package__).joinpath("wheels.json").read_bytes()
WHEELS: Final[Mapping[str, str]] = MappingProxyType(msgspec.json.decode(_LOCK, type=dict[str, str]))
"""The wheels by their files' names, and their SHA-256 in hex."""
DIGEST: Final = hashlib.sha256(_LOCK).hexdigest()
"""Says which dependencies a package was uploaded with."""
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)


def complete(packages: Path, cache: Path, source: Wheels | None = None) -> tuple[str, ...]:
    """Put the dependencies into every package of Azure's in a directory; the names of those that lacked them.

    Wheels are fetched and unpacked once and kept in `cache`. `UsageError` where the index cannot be reached, or a wheel
    is another one than the lock says. A package is replaced as a whole, so that none is ever half complete.
    """
    lacking = [path for path in sorted(packages.glob("azure-*.zip")) if not _is_complete(path)]
    if not lacking:
        return ()
    site_packages = cache / f"azure-{DIGEST}.zip"
    if not site_packages.is_file():
        _replace(site_packages, site_packages_of(fetched(cache, source or Index())))
    for path in lacking:
        _replace(path, joined(site_packages.read_bytes(), path.read_bytes()))
    return tuple(path.name for path in lacking)


def site_packages_of(wheels: Mapping[str, Path]) -> bytes:
    """A zip of what wheels install, deflated: SDKs are most of what an app fetches."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        there: set[str] = set()
        for name in sorted(wheels):
            with zipfile.ZipFile(wheels[name]) as wheel:
                for entry in wheel.namelist():
                    path = SITE_PACKAGES + entry
                    if entry.endswith("/") or path in there:
                        continue  # what wheels of one namespace share, such as azure/__init__.py
                    there.add(path)
                    _add(archive, path, wheel.read(entry))
    return made.getvalue()


def joined(site_packages: bytes, package: bytes) -> bytes:
    """A zip of dependencies with a package's own files added, which are few."""
    made = io.BytesIO(site_packages)
    with zipfile.ZipFile(io.BytesIO(package)) as own, zipfile.ZipFile(made, "a") as archive:
        for name in own.namelist():
            _add(archive, name, own.read(name))
    return made.getvalue()


def fetched(cache: Path, source: Wheels, lock: Mapping[str, str] = WHEELS) -> dict[str, Path]:
    """The wheels of a lock in a directory, fetched where they are not there yet, all of them checked."""
    found = {}
    for name, digest in lock.items():
        path = cache / name
        if not path.is_file() or _digest(path.read_bytes()) != digest:
            content = source.get(name)
            if _digest(content) != digest:
                raise UsageError(f"{name} is not the file that it was when this version was made: its SHA-256 differs")
            _replace(path, content)
        found[name] = path
    return found


def _is_complete(package: Path) -> bool:
    with zipfile.ZipFile(package) as archive:
        return any(name.startswith(SITE_PACKAGES) for name in archive.namelist())


def _add(archive: zipfile.ZipFile, path: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(path, _EARLIEST)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # Unix, so that the mode counts
    entry.external_attr = 0o100644 << 16
    archive.writestr(entry, content)


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(path)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
