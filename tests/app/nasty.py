"""Values that break what does not expect them, put into requests that are sound otherwise."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any, Final

NASTY: Final = {
    "a NUL byte": r'"a\u0000b"',
    "a lone surrogate": r'"a\ud800b"',
    "the other half": r'"\udfff"',
    "text beyond the basic plane": r'"\ud83c\udf31"',
    "nothing but space": r'" \t\n "',
    "a long text": json.dumps("x" * 20_000),
    "beyond 64 bits": str(2**70),
    "far below zero": str(-(2**63) - 1),
    "more digits than Python converts": "9" * 5_000,
    "not a number": "NaN",
    "infinite": "-Infinity",
    "infinite by size": "1e999",
    "deep lists": "[" * 3_000 + "]" * 3_000,
    "deep objects": '{"a":' * 3_000 + "1" + "}" * 3_000,
    "null": "null",
    "an empty list": "[]",
    "an object with a NUL byte in a name": r'{"a\u0000": 1}',
    "an object with a lone surrogate in a name": r'{"\ud800": "x"}',
    "true": "true",
}
DIFFERENT: Final = (
    "a NUL byte",
    "a lone surrogate",
    "a long text",
    "beyond 64 bits",
    "far below zero",
    "an object with a NUL byte in a name",
    "an object with a lone surrogate in a name",
)
"""Of these what databases take differently."""
BODIES: Final = {
    "nothing": b"",
    "no JSON": b"{",
    "no UTF-8": b'{"name": "\xff\xfe"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a list": b"[]",
    "a text": b'"x"',
    "null": b"null",
    "a field that is there twice": b'{"name": "a", "name": "b"}',
    "an unknown field with a NUL byte": rb'{"a\u0000b": 1}',
    "an unknown field with a lone surrogate": rb'{"a\ud800b": 1}',
    **{f"as a whole, {name}": value.encode() for name, value in NASTY.items()},
}
TEXTS: Final = (
    "%00",
    "a%00b",
    "%ff%fe",
    "%ed%a0%80",
    "%F0%9F%8C%B1",
    "%0d%0aX-Injected:%201",
    "99999999999999999999999",
    "-9223372036854775809",
    "9" * 5_000,
    "NaN",
    "inf",
    "1e999",
    "%20",
    "..%2f..%2fetc%2fpasswd",
    "'%20OR%201=1",
    "%25",
    "2026-11-26T08:00:00Z",
    "0001-01-01T00:00:00%2B14:00",
    "9999-12-31T23:59:59-14:00",
    "",
)
"""As they stand in an address."""
STORED: Final = ("a%00b", "99999999999999999999999", "-9223372036854775809", "0001-01-01T00:00:00%2B14:00")
"""Of these what databases take differently."""
HEADERS: Final = (
    b"",
    b"\xff\xfe",
    b'"99999999999999999999"',
    b'"-1"',
    b"*",
    b'W/"1"',
    b'"\xb2"',
    b"9" * 5_000,
    b"\x01",
)
_MARK: Final = "@@here@@"


def bodies(sound: Any, *, stored: bool = False) -> Iterator[tuple[str, bytes]]:
    """A sound body with one nasty value in one place, for every place; and bodies that are none. `stored`: only what
    databases take differently.
    """
    if not stored:
        yield from BODIES.items()
    for where in _places(sound):
        for name, value in NASTY.items():
            if stored and name not in DIFFERENT:
                continue
            yield f"{'.'.join(map(str, where))}: {name}", _with(sound, where, value)


def _places(value: Any, where: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in items:
        yield (*where, name)
        yield from _places(each, (*where, name))


def _with(sound: Any, where: tuple[Any, ...], value: str) -> bytes:
    made = copy.deepcopy(sound)
    at = made
    for part in where[:-1]:
        at = at[part]
    at[where[-1]] = _MARK
    return json.dumps(made).replace(json.dumps(_MARK), value).encode()
