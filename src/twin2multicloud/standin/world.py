"""The world of a stand-in: what exists in the pretended clouds, as a directory with one JSON file per object.

All providers, runs and processes that are given the same directory share it, and it outlives them. A person or a test
changes a file for drift, and deletes one for an object that was destroyed outside Terraform.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from twin2multicloud.model.errors import Finding, InvalidInputError
from twin2multicloud.standin.values import State

_READABLE: Final = 80


class WorldObject(msgspec.Struct):
    """One thing that exists: its Terraform type, the name that no other of its type may have, its id and its values."""

    type: str
    key: str
    id: str
    values: State


class World:
    """The objects below one directory, which is made if it is missing. Safe with several processes at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def path(self, kind: str, key: str) -> Path:
        """The file of an object: named so that a person recognises it, and different for different keys."""
        digest = hashlib.sha256(key.encode()).hexdigest()[:12]
        return self.root / kind / f"{re.sub(r'[^A-Za-z0-9_.-]+', '~', key)[-_READABLE:].strip('~.')}.{digest}.json"

    def get(self, kind: str, key: str) -> WorldObject | None:
        """An object, or None; raises `InvalidInputError` if its file was edited into something else."""
        path = self.path(kind, key)
        try:
            return _read(path)
        except FileNotFoundError:
            return None

    def add(self, thing: WorldObject) -> bool:
        """Let an object exist; False, and nothing changes, if one of this type and key does."""
        path = self.path(thing.type, thing.key)
        temporary = self._write(path, thing)
        try:
            os.link(temporary, path)  # fails where the name is taken, whoever came first: a rename would not
        except FileExistsError:
            return False
        finally:
            temporary.unlink()
        return True

    def put(self, thing: WorldObject) -> None:
        """Let an object exist with these values, whether it did or not."""
        path = self.path(thing.type, thing.key)
        self._write(path, thing).replace(path)

    def remove(self, kind: str, key: str) -> None:
        """Let an object exist no more."""
        self.path(kind, key).unlink(missing_ok=True)

    def objects(self, kind: str = "*") -> Iterator[WorldObject]:
        """All objects, of one type or of every type (or a pattern such as `aws_iot_*`), in the order of their files."""
        for path in sorted(self.root.glob(f"{kind}/*.json")):
            try:
                yield _read(path)
            except FileNotFoundError:
                continue  # another process removed it meanwhile

    def _write(self, path: Path, thing: WorldObject) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(thing), indent=2) + b"\n")
        return Path(temporary)


def _read(path: Path) -> WorldObject:
    try:
        return msgspec.json.decode(path.read_bytes(), type=WorldObject)
    except msgspec.MsgspecError as error:
        raise InvalidInputError(str(path), [Finding("", f"not an object of a stand-in's world: {error}")]) from error
