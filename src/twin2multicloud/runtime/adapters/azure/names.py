"""Our names in the services' alphabets."""

from __future__ import annotations

import hashlib
import re
from typing import Final

_COSMOS_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,200}")


def cosmos_id(name: str) -> str:
    """A name as part of a Cosmos DB item's id, which must not contain / \\ ? # and is at most 255 characters.

    Usual names stay readable; others become a hash, with a sign in front that no usual name has.
    """
    return name if _COSMOS_ID.fullmatch(name) else "~" + digest(name)


def digest(*parts: str) -> str:
    """128 bits of a hash over texts, as hex: a short name for what has a long or an odd one."""
    made = hashlib.blake2b(digest_size=16)
    for part in parts:
        encoded = part.encode()
        made.update(len(encoded).to_bytes(4, "big"))
        made.update(encoded)
    return made.hexdigest()


def secret_name(name: str) -> str:
    """A secret's name for Key Vault, which knows letters, digits and dashes: any other character becomes "-xHEX-"."""
    return re.sub(r"[^0-9A-Za-z-]", lambda match: f"-x{ord(match[0]):x}-", name)
