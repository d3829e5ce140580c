"""Canaries: secrets that are planted where secrets belong, and looked for everywhere else.

`plant` each secret with a name for it; then `check` whatever must not have it: in any of the spellings in which a
program would let it slip out.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import MetaData, select

from tests.app.authorization_rows import ROWS
from tests.app.scenes import Scene
from twin2multicloud.app.db.database import Database

_SHORTEST: Final = 12
"""Bytes: what is shorter could be found by chance."""


class EscapedError(AssertionError):
    """A canary was seen where none may be."""


@dataclass
class Canaries:
    """Secrets by name, in all their spellings."""

    spellings: dict[bytes, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)

    def plant(self, name: str, secret: str | bytes) -> None:
        """Look for this one from now on. Of several lines each is looked for by itself, too."""
        content = secret.encode() if isinstance(secret, str) else secret
        assert len(content) >= _SHORTEST, f"{name} could be found by chance"
        self.names.append(name)
        parts = {content}
        if isinstance(secret, str):
            parts |= {line.encode() for line in secret.splitlines() if len(line) >= 2 * _SHORTEST and "--" not in line}
        for part in parts:
            for spelling in _spellings(part):
                self.spellings[spelling] = name

    def check(self, where: str, content: str | bytes) -> None:
        """`EscapedError` if one of them is in there."""
        found = content.encode(errors="surrogatepass") if isinstance(content, str) else content
        for spelling, name in self.spellings.items():
            at = found.find(spelling)
            if at >= 0:
                near = found[max(0, at - 60) : at].decode(errors="replace")
                raise EscapedError(f"{name} is in {where}, after {near!r}")

    def check_database(self, database: Database) -> int:
        """Look through every column of every table, and through the files if it is embedded; how many values."""
        values = 0
        for where, content in _columns(database):
            self.check(where, content)
            values += 1
        if database.is_sqlite:
            file = str(database.url.database)
            for each in (file, f"{file}-wal"):
                if Path(each).exists():
                    self.check(each, Path(each).read_bytes())
        return values

    def check_files(self, directory: Path, *, beside: tuple[Path, ...]) -> None:
        """Look through all files below a directory, beside those where the secrets belong."""
        for file in sorted(directory.rglob("*")):
            if file.is_file() and file not in beside:
                self.check(str(file), file.read_bytes())

    def crawl(self, scene: Scene) -> int:
        """Ask every endpoint that only tells, as an owner, as an admin and as nobody; how many answers there were."""
        answers = 0
        for endpoint, row in ROWS.items():
            if not endpoint.startswith("GET "):
                continue
            for token in (scene.owner.token, scene.admin.token, None):
                answer = scene.call(endpoint, row, token)
                self.check(f"the answer of {endpoint}", answer.content)
                self.check(f"the headers of {endpoint}", repr(answer.headers.multi_items()))
                answers += 1
        return answers


@contextmanager
def everything_logged() -> Iterator[list[str]]:
    """All that is logged by anybody, down to the finest, in the order in which it was: message, values, traceback."""
    lines: list[str] = []
    form = logging.Formatter("%(levelname)s %(name)s %(message)s")

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(form.format(record) + repr(record.__dict__))

    root, listener = logging.getLogger(), Listener(logging.DEBUG)
    # A pool's and an engine's loggers look at their level when they are made.
    levels = {logger: logger.level for logger in (root, logging.getLogger("sqlalchemy"))}
    for logger in levels:
        logger.setLevel(logging.DEBUG)
    root.addHandler(listener)
    try:
        yield lines
    finally:
        root.removeHandler(listener)
        for logger, level in levels.items():
            logger.setLevel(level)


def _columns(database: Database) -> Iterator[tuple[str, bytes]]:
    known = MetaData()
    known.reflect(database.engine)
    with database.engine.connect() as connection:
        for table in known.sorted_tables:
            for row in connection.execute(select(table)):
                for column, value in zip(table.columns, row, strict=True):
                    yield f"{table.name}.{column.name}", _bytes(value)


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes | memoryview):
        return bytes(value)
    return value.encode() if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False).encode()


def _spellings(secret: bytes) -> Iterator[bytes]:
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    yield repr(secret)[2:-1].encode()
    yield quote(secret).encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for shift, skipped in ((0, 0), (1, 2), (2, 3)):
            # Within something longer: without the characters that hold bits of what is before and behind.
            text = encode(b"\0" * shift + secret).rstrip(b"=")
            yield text[skipped : len(text) - 1]
    try:
        readable = secret.decode()
    except UnicodeDecodeError:
        return
    yield json.dumps(readable)[1:-1].encode()
    yield json.dumps(readable, ensure_ascii=False)[1:-1].encode()
