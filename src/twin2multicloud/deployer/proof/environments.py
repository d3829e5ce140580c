"""What functions are told in their environments."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from twin2multicloud.runtime.settings import ConfigError

T = TypeVar("T")


def readable(read: Callable[[], T], broken: list[str]) -> T | None:
    """What `read` finds, with the runtime's own reader; None where it cannot, and `broken` then says why."""
    try:
        return read()
    except ConfigError as error:
        broken.append(str(error))
        return None
