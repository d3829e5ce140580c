"""Repeatable chance: numbers that depend on nothing but a seed, a device and a message's number."""

from __future__ import annotations

import hashlib
import struct
from statistics import NormalDist
from typing import Final

WORDS: Final = 32
"""Numbers of 16 bits in one block."""

_BLOCK: Final = struct.Struct(f"<{WORDS}H")
_NORMAL: Final = NormalDist()
NORMALS: Final = tuple(_NORMAL.inv_cdf((index + 0.5) / 4096) for index in range(4096))
"""A standard normal distribution in 4,096 equally likely steps; a word's upper 12 bits choose one."""


class Draws:
    """A device's source of chance. `purpose` keeps apart what must not be correlated."""

    __slots__ = ("_start",)

    def __init__(self, seed: int, device: str, purpose: str) -> None:
        self._start = hashlib.blake2b(f"{seed}\0{purpose}\0{device}\0".encode())

    def block(self, number: int, part: int = 0) -> tuple[int, ...]:
        """`WORDS` numbers from 0 to 65,535: always the same ones for a message's number."""
        digest = self._start.copy()
        digest.update(b"%d.%d" % (number, part))
        words: tuple[int, ...] = _BLOCK.unpack(digest.digest())
        return words

    def words(self, number: int, count: int) -> tuple[int, ...]:
        """At least `count` numbers, from as many blocks as that takes."""
        found = self.block(number)
        for part in range(1, -(-count // WORDS)):
            found += self.block(number, part)
        return found


def fraction(high: int, low: int) -> float:
    """A number from 0 to below 1 out of two words."""
    return (high << 16 | low) / 4294967296.0
