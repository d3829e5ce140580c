"""The price book that a server has in use."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from twin2multicloud import __version__
from twin2multicloud.app.client.http import Http, UnknownAnswerError
from twin2multicloud.app.schemas.catalogue import WholeBook
from twin2multicloud.model.errors import InvalidInputError

if TYPE_CHECKING:
    from twin2multicloud.app.client.kept_book import KeptBook
    from twin2multicloud.optimizer.pricing.book import PriceBook

_BOOK: Final = "/api/v1/prices/book"


class Prices:
    """`/api/v1/prices`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def book(self, kept: KeptBook | None = None) -> PriceBook:
        """The book in use, to calculate by here; one that is kept is sent only if another one is in use.
        `UnknownAnswerError` where this program does not read in it what the server did, as one of another version may
        not.
        """
        if kept is not None:
            before = kept.read()
            if before is not None:
                whole = self._http.get_unless(_BOOK, WholeBook, f'W/"{before.hash}"')
                if whole is not None:
                    return self._taken(whole, kept)
                with suppress(UnknownAnswerError):  # it was damaged, or this program reads it otherwise by now
                    return self._read(before)
        return self._taken(self._http.get(_BOOK, WholeBook), kept)

    def _taken(self, whole: WholeBook, kept: KeptBook | None) -> PriceBook:
        """A book that was sent, which is kept once it was read."""
        book = self._read(whole)
        if kept is not None:
            kept.write(whole)
        return book

    def _read(self, whole: WholeBook) -> PriceBook:
        # Reading books takes a moment to load, and most who have a client read none.
        from twin2multicloud.optimizer.pricing.book import read_book

        try:
            book = read_book(whole.files, f"price book of {self._http.url}")
        except InvalidInputError as error:
            raise self._read_otherwise(whole, f"finds it faulty ({error.findings[0]})") from error
        if book.content_hash != whole.hash:
            raise self._read_otherwise(whole, f"reads it as {book.content_hash[:12]}")
        return book

    def _read_otherwise(self, whole: WholeBook, found: str) -> UnknownAnswerError:
        return UnknownAnswerError(
            f"{self._http.url}: twin2multicloud {whole.program} there reads its price book {whole.version} as "
            f"{whole.hash[:12]}, but {__version__} here {found}; calculate by it with the version that the server has"
        )
