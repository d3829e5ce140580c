"""The price book that a server has in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin2multicloud import __version__
from twin2multicloud.app.client.http import Http, UnknownAnswerError
from twin2multicloud.app.schemas.catalogue import WholeBook
from twin2multicloud.model.errors import InvalidInputError

if TYPE_CHECKING:
    from twin2multicloud.optimizer.pricing.book import PriceBook


class Prices:
    """`/api/v1/prices`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def book(self) -> PriceBook:
        """The book in use, to calculate by here. `UnknownAnswerError` where this program does not read in it what the
        server did, as one of another version may not.
        """
        # Reading books takes a moment to load, and most who have a client read none.
        from twin2multicloud.optimizer.pricing.book import read_book

        whole = self._http.get("/api/v1/prices/book", WholeBook)
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
