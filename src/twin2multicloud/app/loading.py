"""How a process of ours looks for garbage, which otherwise takes a third of the processor time of a short one.

Modules are many objects that stay as long as the process. Python looks through all of them again and again while they
become more, and once more at the very end, when all of it goes anyway.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_RARELY: Final = (100_000, 20, 20)
_SERVING: Final = (5_000, 10, 10)


@contextmanager
def one_task() -> Iterator[None]:
    """The whole of a process that does one thing and ends: it looks for garbage rarely, and not when it ends."""
    gc.set_threshold(*_RARELY)
    try:
        yield
    finally:
        gc.freeze()


def settled() -> None:
    """What there is now stays: from here on the process serves, and garbage is looked for among what comes."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_SERVING)
