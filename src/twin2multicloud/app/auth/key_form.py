"""The form of an API key: `t2m_`, 43 characters that hold 256 random bits, and 6 that follow from these.

The last six let a scanner for leaked secrets tell a real key from what only looks like one, without asking anybody:
they are the CRC-32 of the 43 characters, in base 62 as all of it.
"""

from __future__ import annotations

import re
import secrets
import string
import zlib
from collections.abc import Callable
from typing import Final

from twin2multicloud.app.auth.tokens import KEY_PREFIX

_DIGITS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_BYTES: Final = 32
_BODY: Final = 43
_CHECK: Final = 6
_FORM: Final = re.compile(rf"{KEY_PREFIX}([0-9A-Za-z]{{{_BODY}}})([0-9A-Za-z]{{{_CHECK}}})")
SHOWN: Final = len(KEY_PREFIX) + 8
"""How many of a key's first characters tell which it is: far too few to guess the others."""


def new_key(random: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """A key that nobody can guess."""
    body = _base62(int.from_bytes(random(_RANDOM_BYTES), "big"), _BODY)
    return f"{KEY_PREFIX}{body}{_check(body)}"


def is_key(text: str) -> bool:
    """Whether a text is a whole key of ours; whether it holds, only the backend knows."""
    found = _FORM.fullmatch(text)
    return found is not None and _check(found[1]) == found[2]


def _check(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECK)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
