"""Prices: the book that a server has in use, those that were taken up, and taking up newer ones."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import quote

from twin2multicloud import __version__
from twin2multicloud.app.client.http import Http, UnknownAnswerError
from twin2multicloud.app.client.paging import every
from twin2multicloud.app.schemas.catalogue import BookCheck, MeterDetail, MeterList, PricesInUse, WholeBook
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.model.errors import InvalidInputError

if TYPE_CHECKING:
    from twin2multicloud.app.client.kept_book import KeptBook
    from twin2multicloud.app.schemas.books import BookDetail, BookSummary
    from twin2multicloud.app.schemas.price_findings import ListedRegion, PriceAges, PriceFinding
    from twin2multicloud.app.schemas.runs import Run
    from twin2multicloud.optimizer.pricing.book import PriceBook

_PATH: Final = "/api/v1/prices"
_BOOK: Final = f"{_PATH}/book"


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

    def identity(self) -> PricesInUse:
        """Which book is in use, of which date it is and how many days old, and how much is in it."""
        return self._http.get(_PATH, PricesInUse)

    def meters(
        self,
        *,
        provider: str | None = None,
        region: str | None = None,
        service: str | None = None,
        meter: str | None = None,
        limit: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        """What the clouds count, and with `region` what that costs there. `service` and `meter` are parts of names."""
        query = {"provider": provider, "region": region, "service": service, "meter": meter}
        return every(self._http, f"{_PATH}/meters", MeterList, limit=limit, **query)

    def meter(
        self,
        meter: str,
        *,
        region: str | None = None,
        quantity: float | None = None,
        policy: Literal["list", "eu-data-act"] = "list",
    ) -> MeterDetail:
        """What a meter counts, its prices with their sources and, with `region`, what a quantity (units a month) costs.
        `policy` is the one for egress.
        """
        path = f"{_PATH}/meters/{quote(meter, safe='')}"
        return self._http.get(path, MeterDetail, region=region, quantity=quantity, policy=policy)

    def books(self, limit: int | None = None) -> Iterator[BookSummary]:
        """The books that were taken up, the newest first."""
        from twin2multicloud.app.schemas.books import BookSummary  # which whoever calculates does not need

        return every(self._http, f"{_PATH}/books", Page[BookSummary], limit=limit)

    def book_detail(self, number: int, since: int | None = None) -> BookDetail:
        """One of them: what differs from the one before (or from the number `since`), and what that does to the twins
        one may see.
        """
        from twin2multicloud.app.schemas.books import BookDetail  # as above

        return self._http.get(f"{_PATH}/books/{number}", BookDetail, since=since)

    def validate(self, files: Mapping[str, str]) -> BookCheck:
        """Every fault of a price book of one's own (file name → TOML text). Nothing of it is kept."""
        from twin2multicloud.app.schemas.questions import BookInput  # as above

        given = BookInput(files=dict(files))
        return self._http.send("POST", f"{_PATH}/validate", BookCheck, body=given, harmless=True)

    def refresh(
        self,
        workspace: str | None = None,
        idempotency_key: str | None = None,
        *,
        source: Literal["lists", "book"] | None = None,
        providers: Sequence[str] | None = None,
        regions: Sequence[str] | None = None,
    ) -> Run:
        """Have a run take up the newest prices there are; its events tell how it goes. They come from the clouds' price
        lists, or from the book that the server's settings name.
        """
        from twin2multicloud.app.schemas.price_findings import RefreshPrices
        from twin2multicloud.app.schemas.runs import Run  # as above

        key = idempotency_key or secrets.token_urlsafe(18)
        given = RefreshPrices.model_validate(
            {
                **({"source": source} if source else {}),
                **({"providers": list(providers)} if providers else {}),
                **({"regions": list(regions)} if regions else {}),
            }
        )
        query = {"workspace": workspace}
        return self._http.send("POST", f"{_PATH}/refresh", Run, query=query, body=given, idempotency_key=key)

    def findings(
        self,
        *,
        provider: str | None = None,
        region: str | None = None,
        meter: str | None = None,
        kind: Sequence[str] | None = None,
        decided: bool | None = None,
        gone: bool = False,
        limit: int | None = None,
    ) -> Iterator[PriceFinding]:
        """What is odd about prices that were fetched, what was seen last first."""
        from twin2multicloud.app.schemas.price_findings import PriceFinding  # as above

        query = {"provider": provider, "region": region, "meter": meter, "kind": kind, "decided": decided}
        return every(self._http, f"{_PATH}/findings", Page[PriceFinding], limit=limit, gone=gone or None, **query)

    def decide(self, finding: str, decision: Literal["accept", "reject"], note: str = "") -> PriceFinding:
        """Accept a price, or reject it; the next refresh goes by it."""
        from twin2multicloud.app.schemas.price_findings import DecideFinding, PriceFinding  # as above

        given = DecideFinding(decision=decision, note=note)
        path = f"{_PATH}/findings/{quote(finding, safe='')}"
        return self._http.send("POST", path, PriceFinding, body=given, harmless=True)

    def ages(self, *, provider: str | None = None, region: str | None = None) -> PriceAges:
        """How old the prices in use are, the oldest first."""
        from twin2multicloud.app.schemas.price_findings import PriceAges  # as above

        return self._http.get(f"{_PATH}/ages", PriceAges, provider=provider, region=region)

    def listed_regions(self, provider: str | None = None) -> list[ListedRegion]:
        """The regions that clouds' lists have and the book in use has not."""
        from twin2multicloud.app.schemas.price_findings import ListedRegions  # as above

        return self._http.get(f"{_PATH}/listed-regions", ListedRegions, provider=provider).items

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
