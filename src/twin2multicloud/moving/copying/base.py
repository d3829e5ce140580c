"""What the copiers of all kinds of stores share: pages, comparisons, patience with stores that fail for a while."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

import msgspec

from twin2multicloud.runtime.failures import ArchivedError, StoreError

T = TypeVar("T")

NAMED: Final = 20
"""Items that a comparison names; it counts them all."""

_ENCODER: Final = msgspec.json.Encoder(order="sorted")


class Page(msgspec.Struct, frozen=True):
    """One piece of a copy. `cursor` is plain data: a copy that is begun with it goes on after this page."""

    items: int
    bytes: int
    cursor: Any = None


@dataclass
class Compared:
    """What the source holds, held against the target. `late` items were not there and have been copied now.

    `wrong` names items that are not as they are at the source, and stay so. The digests are of the source's items, and
    of the same items at the target, in the order in which they were compared.
    """

    items: int = 0
    late: int = 0
    wrong: int = 0
    named: list[str] = field(default_factory=list)
    unread: int = 0
    """Items that would have to be restored first: compared by size and digest, as their store tells them."""
    _source: Any = field(default_factory=lambda: hashlib.blake2b(digest_size=16))
    _target: Any = field(default_factory=lambda: hashlib.blake2b(digest_size=16))

    def same(self, name: str, source: bytes, target: bytes | None) -> bool:
        """Count an item; whether it is at the target as it is at the source."""
        self.items += 1
        self._source.update(source)
        self._target.update(target or b"")
        if source == target:
            return True
        self.wrong += 1
        if len(self.named) < NAMED:
            self.named.append(name)
        return False

    @property
    def digest(self) -> str:
        """Of the source's items."""
        digest: str = self._source.hexdigest()
        return digest

    @property
    def exact(self) -> bool:
        """Whether the target has all that the source has, byte for byte."""
        return self.wrong == 0 and self._source.digest() == self._target.digest()


class Copier(Protocol):
    """Copies one kind of store into another by their ports alone, so from any cloud's to any other's.

    Everything is idempotent: what is there already stays. `Patience` has been applied to each call.
    """

    at_rest: bool
    """What lies here changes with every message, or may be dropped by a person: it is copied and compared only while
    writers are held, and is small enough for that."""

    def bulk(self, cursor: Any = None) -> Iterator[Page]:
        """Copy all that is there, beginning after `cursor`, while it grows."""

    def catch_up(self, since: str) -> Iterator[Page]:
        """Copy what came after a moment of the twin's time, when nothing comes any more. What may have come in behind
        that moment is found by `compare`."""

    def compare(self) -> Iterator[Compared]:
        """Compare everything; copy what is missing. Gives the same growing `Compared` after each piece of work."""


class Patience:
    """Repeats calls that fail for now, with growing waits, for at most `seconds` in a row. `sleep` takes seconds."""

    def __init__(self, seconds: float, sleep: Callable[[float], None], monotonic: Callable[[], float]) -> None:
        self._seconds = seconds
        self._sleep = sleep
        self._monotonic = monotonic

    def __call__(self, call: Callable[..., T], *arguments: Any) -> T:
        """The call's result; its last `StoreError` when patience is over. What has to be restored first is not waited
        for."""
        give_up = self._monotonic() + self._seconds
        wait = 0.05
        while True:
            try:
                return call(*arguments)
            except ArchivedError:
                raise
            except StoreError as error:
                pause = max(wait, error.retry_after_s or 0.0)
                if self._monotonic() + pause > give_up:
                    raise
                self._sleep(pause)
                wait = min(2 * wait, 5.0)


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Pieces of at most `size`."""
    for first in range(0, len(items), size):
        yield items[first : first + size]


def json_bytes(value: Any) -> bytes:
    """A value as JSON: the same bytes for the same value, in whatever order a store gives its keys."""
    return _ENCODER.encode(value)
