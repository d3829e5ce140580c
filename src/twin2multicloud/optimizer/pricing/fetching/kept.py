"""What was fetched, kept on disk: whole answers by address, and what has come of those that broke off.

An answer counts as kept once its description is in place; its body is written before that, under a name of its own, so
a process may be killed at any moment. Names of files are hashes of addresses; nothing that authenticates is among them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from twin2multicloud.held import HeldFile


@dataclass(frozen=True)
class KeptAnswer:
    """A whole answer: its `body`, what tells whether it is still the same there, and when that was last asked."""

    url: str
    body: Path
    length: int
    etag: str
    last_modified: str
    asked_at: datetime


@dataclass(frozen=True)
class Begun:
    """A body of which the first bytes are there. `validator` tells whether the rest still belongs to them, `length` is
    that of the whole where it is known, and `digest` the checksum that was stated for it ("algorithm:hex")."""

    validator: str = ""
    length: int | None = None
    digest: str = ""
    etag: str = ""
    last_modified: str = ""


class KeptAnswers:
    """A directory of answers. Several processes may share one: a body that another is fetching is fetched aside."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def find(self, url: str) -> KeptAnswer | None:
        """The answer kept for that address, if it is whole."""
        described = self._read(self._path(url, ".json"))
        try:
            found = KeptAnswer(
                url=str(described["url"]),
                body=self._directory / Path(str(described["body"])).name,
                length=int(described["length"]),
                etag=str(described["etag"]),
                last_modified=str(described["last_modified"]),
                asked_at=datetime.fromisoformat(described["asked_at"]),
            )
            whole = found.url == url and found.body.stat().st_size == found.length
        except (KeyError, TypeError, ValueError, OSError):
            return None
        return found if whole else None

    def keep(self, url: str, part: Path, begun: Begun, asked_at: datetime) -> KeptAnswer:
        """Keep a body that is whole and was checked. The one it replaces stays until it is pruned: somebody may be
        reading it.
        """
        body = self._directory / f"{_key(url)}.{uuid4().hex[:12]}.body"
        part.replace(body)
        length = body.stat().st_size
        kept = KeptAnswer(url, body, length, begun.etag, begun.last_modified, asked_at)
        self.touch(kept, asked_at)
        self.forget_part(part)
        return kept

    def touch(self, kept: KeptAnswer, asked_at: datetime) -> KeptAnswer:
        """Note that it was found to be still the same."""
        described = {
            "url": kept.url,
            "body": kept.body.name,
            "length": kept.length,
            "etag": kept.etag,
            "last_modified": kept.last_modified,
            "asked_at": asked_at.isoformat(),
        }
        self._write(self._path(kept.url, ".json"), described)
        return KeptAnswer(kept.url, kept.body, kept.length, kept.etag, kept.last_modified, asked_at)

    def prune(self, before: datetime) -> None:
        """Drop what was last asked for before that moment, and files of that age which nothing describes."""
        described = set()
        for path in self._directory.glob("*.json"):
            told = self._read(path)
            if path.name.endswith(".part.json") or "body" not in told:
                continue
            if datetime.fromisoformat(told["asked_at"]) < before:
                path.unlink(missing_ok=True)
            else:
                described |= {path.name, str(told["body"])}
        for path in self._directory.iterdir():
            if path.name not in described and path.stat().st_mtime < before.timestamp():
                path.unlink(missing_ok=True)

    # -- what is being fetched ----------------------------------------------------------------------------------------

    def hold(self, url: str) -> tuple[Path, HeldFile | None]:
        """Where to write the body that comes, and the hold on it; without a hold another process is fetching the same,
        and the place is one that nobody goes on with.
        """
        held = HeldFile.take(self._path(url, ".lock"))
        return (self._path(url, ".part") if held else self._directory / f"{uuid4().hex}.aside"), held

    def begun(self, part: Path) -> Begun | None:
        """What is known of the body whose first bytes are in that file."""
        described = self._read(part.with_suffix(part.suffix + ".json"))
        try:
            return Begun(**described) if described and part.exists() else None
        except TypeError:
            return None

    def begin(self, part: Path, begun: Begun) -> None:
        """Start a body: no bytes of it are there."""
        part.write_bytes(b"")
        self._write(part.with_suffix(part.suffix + ".json"), asdict(begun))

    def forget_part(self, part: Path) -> None:
        """Drop what has come of a body."""
        part.unlink(missing_ok=True)
        part.with_suffix(part.suffix + ".json").unlink(missing_ok=True)

    # -- files --------------------------------------------------------------------------------------------------------

    def _path(self, url: str, suffix: str) -> Path:
        return self._directory / (_key(url) + suffix)

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}

    def _write(self, path: Path, value: Mapping[str, Any]) -> None:
        aside = path.with_suffix(f".{uuid4().hex[:12]}.new")
        aside.write_text(json.dumps(value), encoding="utf-8")
        aside.replace(path)


def _key(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:32]
