"""Compiled catalogues of translations, as `msgfmt` makes them."""

from __future__ import annotations

import struct
from collections.abc import Mapping


def catalogue(texts: Mapping[str, str]) -> bytes:
    """A `.mo` file with these texts."""
    given = {"": "Content-Type: text/plain; charset=UTF-8\n", **texts}
    pairs = sorted((key.encode(), value.encode()) for key, value in given.items())
    count, head = len(pairs), 28
    at = head + 16 * count
    keys: list[bytes] = []
    values: list[bytes] = []
    body = b""
    for column, table in ((0, keys), (1, values)):
        for pair in pairs:
            table.append(struct.pack("<II", len(pair[column]), at + len(body)))
            body += pair[column] + b"\x00"
    header = struct.pack("<7I", 0x950412DE, 0, count, head, head + 8 * count, 0, 0)
    return header + b"".join(keys) + b"".join(values) + body
