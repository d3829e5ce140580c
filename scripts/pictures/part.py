"""One thing that is built, as a line of a picture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """`kind` says what it is (function, queue, store, …), `notes` what there is to know about it, a line each."""

    kind: str
    name: str
    service: str = ""
    notes: tuple[str, ...] = ()
