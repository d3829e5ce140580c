"""Tokens: random, shown once, and kept as hashes. They are long and random, so a plain SHA-256 is enough: there is
nothing to guess, and it costs nothing per request.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from twin2multicloud.app.db.base import MakeToken, new_token

__all__ = ["KEY_PREFIX", "MakeToken", "new_token", "same", "token_hash"]

KEY_PREFIX: Final = "t2m_"
"""What every API key begins with, so that scanners for leaked secrets know it."""


def token_hash(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def same(token: str, kept: bytes) -> bool:
    """Whether a token is the one that was kept; takes equally long whatever it is."""
    return hmac.compare_digest(token_hash(token), kept)
