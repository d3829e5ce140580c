"""How long tests wait for what is to come."""

from __future__ import annotations

from typing import Final

PATIENCE_S: Final = 120.0
"""Only what never comes is waited for as long as this: a busy machine is no failure."""
