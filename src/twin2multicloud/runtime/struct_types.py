"""What msgspec knows of our structs, made before threads need it.

msgspec makes that when a struct is first read into, and not in a way that threads may share: one that uses what another
is in the middle of making follows a null pointer, which ends the process (seen with msgspec 0.22). A server that asked
three simulated clouds at once for the first time ended so now and then.
"""

from __future__ import annotations

import threading
from typing import Final

import msgspec

_ONE_AT_A_TIME: Final = threading.Lock()


def prepare_structs() -> int:
    """Make it for every struct that is loaded by now, and say how many those are; a fraction of a millisecond where it
    is made already. To be called before threads begin, and by what is loaded later before its functions are called.
    """
    prepared = 0
    left: list[type[msgspec.Struct]] = [msgspec.Struct]
    with _ONE_AT_A_TIME:
        while left:
            kind = left.pop()
            left += kind.__subclasses__()
            try:
                msgspec.json.Decoder(kind)
            except (NameError, TypeError):  # nothing can be read into it, so that nobody does
                continue
            prepared += 1
    return prepared
