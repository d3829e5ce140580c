"""How much of what could be tried is tried: `T2M_TEST_THOROUGHNESS=5 pytest -m slow` tries five times as much."""

from __future__ import annotations

import os
from typing import Final

_FACTOR: Final = float(os.environ.get("T2M_TEST_THOROUGHNESS", "1"))


def often(count: int) -> int:
    """So many examples, moments or workloads as `make test` has time for; more where somebody asks for them."""
    return max(1, round(count * _FACTOR))
