"""Asking a person at the terminal."""

from __future__ import annotations

import sys
from typing import Final

from twin2multicloud.app.cli.failures import say

NOT_AGREED: Final = 8
"""Exit code: nobody agreed, or it was refused, so nothing was done."""


def agreed(question: str, expected: str) -> bool:
    """Whether a person types what is expected. Without a terminal the answer is no, and how to agree beforehand is
    said.
    """
    if not sys.stdin.isatty():
        say(f"{question} There is nobody to ask; --yes agrees beforehand")
        return False
    sys.stderr.write(f"{question} [{expected}] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip() == expected
