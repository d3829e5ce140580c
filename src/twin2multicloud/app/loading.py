"""Loading what a process works with for as long as it lives."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Within it nothing is looked for that could be thrown away, and what is there afterwards is never looked at again:
    modules stay, and going over them again and again while they become more takes a fifth of loading them.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()
