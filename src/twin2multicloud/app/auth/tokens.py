"""Tokens: random, shown once, and kept as hashes. They are long and random, so a plain SHA-256 is enough: there is
nothing to guess, and it costs nothing per request.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import Final

KEY_PREFIX: Final = "t2m_"
"""What every API key begins with, so that scanners for leaked secrets know it."""

MakeToken = Callable[[], str]


def new_token() -> str:
    """256 random bits as text that is safe in headers and cookies."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()
