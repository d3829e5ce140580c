"""Names of what is deployed: valid in its cloud, unique in the world, and never matched by prefix.

Every name contains the twin's name and the deployment's `uid`, five random characters that no other deployment has.
A name that would be too long keeps its beginning and ends in a hash of the whole, so that two never become one.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from twin2multicloud.model.errors import UsageError

UID_LENGTH: Final = 5
_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz"
_ALPHABET: Final = _LETTERS + "23456789"
_UID: Final = re.compile(f"[{_LETTERS}][{_ALPHABET}]{{{UID_LENGTH - 1}}}")
_HASH: Final = 6


def new_uid(choose: Callable[[str], str] = secrets.choice) -> str:
    """A deployment's `uid`: a letter, then letters and digits without those that look alike."""
    return choose(_LETTERS) + "".join(choose(_ALPHABET) for _ in range(UID_LENGTH - 1))


@dataclass(frozen=True)
class Names:
    """Names of one deployment of a twin."""

    twin: str
    uid: str

    def __post_init__(self) -> None:
        if not _UID.fullmatch(self.uid):
            raise UsageError(f"uid '{self.uid}' is none: a letter and {UID_LENGTH - 1} letters or digits in lower case")

    @property
    def stem(self) -> str:
        """What every name begins with where its length allows."""
        return f"{_dashed(self.twin)}-{self.uid}"

    def dashed(self, thing: str, most: int, generation: int = 1) -> str:
        """Lower case letters, digits and `-`, beginning with a letter: `building-k3x9f-process`. A `generation` above
        1 is that of a slot that was moved, whose two stacks exist side by side for a while.
        """
        return fit(f"{self.stem}-{_dashed(thing)}{_numbered(generation)}", most, "-")

    def underscored(self, thing: str, most: int, generation: int = 1) -> str:
        """The same with `_` for `-`, where that is not allowed."""
        return fit(self.dashed(thing, 200, generation).replace("-", "_"), most, "_")

    def plain(self, thing: str, most: int, generation: int = 1) -> str:
        """Letters and digits alone: `buildingk3x9fstate`. Where that is too long, the twin's name is shortened."""
        tail = self.uid + re.sub(r"[^a-z0-9]", "", thing.lower()) + (str(generation) if generation > 1 else "")
        head = re.sub(r"[^a-z0-9]", "", _dashed(self.twin))
        return fit(head[: max(most - len(tail), 1)] + tail, most, "")


def fit(name: str, most: int, joint: str) -> str:
    """A name of at most so many characters: unchanged, or cut and ended by a hash of the whole."""
    if len(name) <= most:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_HASH]
    head = name[: most - _HASH - len(joint)]
    return f"{head.rstrip(joint) if joint else head}{joint}{digest}"


def _dashed(text: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return words if words[:1].isalpha() else f"t{words}"


def _numbered(generation: int) -> str:
    return f"-{generation}" if generation > 1 else ""
