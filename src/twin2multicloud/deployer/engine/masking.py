"""Hiding secrets in whatever is shown or kept of a run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Final

MASK: Final = "***"
_SHORTEST: Final = 8
"""Shorter values would hide half of every text, and are no secrets worth the name."""


class Masker:
    """Replaces every secret it was told of. Secrets can be added while a run goes on."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._needles: list[bytes] = []
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Hide these too: as they are, as JSON writes them, and the parts of keys and of JSON documents."""
        found = {needle for secret in secrets for part in _parts(secret) for needle in _spellings(part)}
        # The longest first, so that no part of a secret is left where one is contained in another.
        self._needles = sorted({*self._needles, *found}, key=lambda needle: (-len(needle), needle))

    def line(self, line: bytes) -> bytes:
        """A line of output without secrets."""
        for needle in self._needles:
            line = line.replace(needle, MASK.encode())
        return line

    def text(self, text: str) -> str:
        """A text without secrets."""
        return self.line(text.encode()).decode()


def _parts(secret: str) -> Iterator[str]:
    """A secret, the strings in it if it is a JSON object (Google's keys are), and the lines of a PEM block."""
    if len(secret) < _SHORTEST:
        return
    yield secret
    lines = [line.strip() for line in secret.splitlines()]
    if len(lines) > 1:
        yield from (line for line in lines if len(line) >= _SHORTEST and not line.startswith(("---", "{", "}", '"')))
    if secret.lstrip().startswith("{"):
        try:
            document = json.loads(secret)
        except ValueError:
            return
        for name, value in document.items():
            if isinstance(value, str) and any(word in name.lower() for word in ("key", "secret", "token", "password")):
                yield from _parts(value)


def _spellings(secret: str) -> Iterator[bytes]:
    yield secret.encode()
    yield json.dumps(secret)[1:-1].encode()
    yield json.dumps(secret, ensure_ascii=False)[1:-1].encode()
    # Terraform's JSON writes these three as escapes.
    plain = json.dumps(secret, ensure_ascii=False)[1:-1]
    yield plain.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e").encode()
