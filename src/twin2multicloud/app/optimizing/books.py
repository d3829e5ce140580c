"""A price book with the texts that it was read from, which is how it is kept and handed to other processes."""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import msgspec

if TYPE_CHECKING:
    from twin2multicloud.optimizer.pricing.book import PriceBook

_MOST_BYTES: Final = 64 << 20
_KEPT: Final = 4


@dataclass(frozen=True)
class Book:
    """A book that was read without a fault. Its `hash` is that of its content, however it is spelled."""

    prices: PriceBook
    texts: Mapping[str, str]

    @property
    def hash(self) -> str:
        """The hash of its content."""
        return self.prices.content_hash

    @classmethod
    def of(cls, texts: Mapping[str, str], label: str = "price book") -> Self:
        """A book from the texts of its files; `InvalidInputError` with every fault."""
        # Every process of the backend may come to need prices, and few do; they take arrays, which are slow to load.
        from twin2multicloud.optimizer.pricing.book import read_book

        return cls(read_book(texts, label), dict(texts))

    @classmethod
    def at(cls, directory: Path | None) -> Self:
        """The book in a directory, or the bundled one."""
        from twin2multicloud.optimizer.pricing.book import book_texts  # as above

        return cls.of(book_texts(directory), "bundled price book" if directory is None else str(directory))

    def packed(self) -> bytes:
        """The texts in a form to be kept."""
        return zlib.compress(msgspec.json.encode(dict(self.texts)))

    @classmethod
    def unpacked(cls, content: bytes) -> Self:
        """The book that was kept."""
        plain = zlib.decompressobj().decompress(content, _MOST_BYTES)
        return cls.of(msgspec.json.decode(plain, type=dict[str, str]))


class Books:
    """The books that a process has read: the one that it was given, and those asked for last."""

    def __init__(self, directory: Path | None = None) -> None:
        """`directory`: where the given one is; None: the bundled one."""
        self.directory = directory
        self._given: Book | None = None
        self._books: OrderedDict[str, Book] = OrderedDict()
        self._lock = threading.Lock()

    def given(self) -> Book:
        """The given book, read once; `InvalidInputError` with every fault."""
        with self._lock:
            if self._given is None:
                self._given = Book.at(self.directory)
            return self._given

    def get(self, book_hash: str, load: Callable[[], Book]) -> Book:
        """The book of that hash, loaded where it was not read before."""
        with self._lock:
            if book_hash not in self._books:
                self._books[book_hash] = load()
                if len(self._books) > _KEPT:
                    self._books.popitem(last=False)
            self._books.move_to_end(book_hash)
            return self._books[book_hash]
