"""Examples for OpenAPI."""

from __future__ import annotations

from typing import Any


def add(operation: dict[str, Any]) -> None:
    """Give an operation the examples of its bodies."""
