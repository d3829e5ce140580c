"""Codes that people carry from a terminal to a browser (RFC 8628, section 6.1). Pure."""

from __future__ import annotations

import hashlib
from typing import Final

_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, so that no words come up, and nothing that looks like a digit: 20 letters."""
_LENGTH: Final = 8


def user_code(token: str) -> str:
    """A code made of a random token: one of 20⁸, written as in WDJB-MJHT."""
    number = int.from_bytes(hashlib.sha256(f"user code/{token}".encode()).digest())
    letters = ""
    for _ in range(_LENGTH):
        number, place = divmod(number, len(_LETTERS))
        letters += _LETTERS[place]
    return shown(letters)


def read_user_code(text: str) -> str | None:
    """A code as somebody typed it: whatever its case, with or without the hyphen. None if it cannot be one."""
    letters = "".join(each for each in text.upper() if each.isalnum())
    return letters if len(letters) == _LENGTH and set(letters) <= set(_LETTERS) else None


def shown(letters: str) -> str:
    """A code for people."""
    return f"{letters[:4]}-{letters[4:]}"
