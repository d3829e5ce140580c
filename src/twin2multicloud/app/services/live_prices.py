"""Prices as the clouds' own lists have them now, as a source of a refresh."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.errors import UnavailableError
from twin2multicloud.app.services import price_alerts, price_checks, price_findings, prices
from twin2multicloud.app.services.price_refresh import Tell
from twin2multicloud.model.errors import PriceError, UsageError
from twin2multicloud.model.fields import counted
from twin2multicloud.model.slots import PROVIDERS, Provider
from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.optimizer.pricing.fetching.assemble import Assembled, assemble
from twin2multicloud.optimizer.pricing.fetching.aws import AwsFetcher
from twin2multicloud.optimizer.pricing.fetching.azure import AzureFetcher
from twin2multicloud.optimizer.pricing.fetching.choosing import Chosen, FetchedPrice, Limits
from twin2multicloud.optimizer.pricing.fetching.gcp import GcpFetcher
from twin2multicloud.optimizer.pricing.fetching.gcpkeys import api_key, signed_in
from twin2multicloud.optimizer.pricing.fetching.http import ORIGINS, Patience, PriceHttp, Timekeeping
from twin2multicloud.optimizer.pricing.fetching.refreshing import Listed, Progress, read_lists
from twin2multicloud.optimizer.pricing.fetching.rows import Fetcher, ListedRegion
from twin2multicloud.optimizer.pricing.fetching.selectors import SelectorFile, load_selectors
from twin2multicloud.optimizer.pricing.places import left_out

_KEPT: Final = timedelta(days=45)
"""So long what was fetched is kept after it was last used."""


class LivePriceSource:
    """A `PriceSource` that reads the lists of some clouds (None: all) for some regions of the book in use (None: all).
    Whatever is odd is kept as a finding; what was accepted before is taken.
    """

    def __init__(
        self,
        backend: Backend,
        providers: Sequence[str] | None = None,
        regions: Sequence[str] | None = None,
        *,
        since: datetime | None = None,
        workspace_id: str | None = None,
    ) -> None:
        """What was fetched after `since` is not fetched again; without it, everything is. Findings that are new are
        told in the workspace, if there is one.
        """
        self._backend = backend
        self._providers = [each for each in PROVIDERS if providers is None or each.value in providers]
        self._regions = regions
        self._since = since
        self._workspace_id = workspace_id
        self._assembled: Assembled | None = None
        self._chosen: Mapping[Provider, Chosen] = {}

    def fetch(self, tell: Tell) -> Mapping[str, str]:
        """The book in use with what the lists have. `UnavailableError` if none could be read: the book stays in use."""
        book = prices.current(self._backend)
        for region in self._regions or ():
            if book.prices.region(region).provider not in self._providers:
                raise UsageError(f"{region} is a region of {book.prices.region(region).provider.label}, not asked for")
        asked = [each for each in self._providers if self._codes(book.prices, each)]
        lists = [Listed(self._fetcher(each), load_selectors(each)) for each in asked]
        tell(f"Reading the price lists of {', '.join(each.label for each in asked)}", {"percent": 0})
        read = dict.fromkeys(asked, 0.0)
        titles = {each.fetcher.provider: _titles(each.selectors, book.prices) for each in lists}

        def told(progress: Progress) -> None:
            read[progress.provider] = progress.share
            text, data = _line(progress, titles[progress.provider])
            tell(text, {**data, "percent": round(100 * sum(read.values()) / len(read))})

        today = self._backend.now().date().isoformat()
        self._chosen, listed = asyncio.run(self._read(lists, book.prices, today, told))
        if not any(each.prices for each in self._chosen.values()):
            problems = "; ".join(finding.message for each in self._chosen.values() for finding in each.findings[:1])
            raise UnavailableError(
                f"no price list could be read ({problems or 'none has a price'}). The book of {book.prices.date} stays "
                "in use; try again when this machine reaches them"
            )
        with self._backend.database.read() as session:
            decided = price_findings.accepted(session)
        self._assembled = assemble(book.texts, self._chosen, decided, today)
        self._keep(book.prices, self._assembled.taken, listed)
        for provider, regions in listed.items():
            beside = [each.code for each in regions if each.code not in book.prices.regions]
            codes = [code for code in beside if not left_out(provider, code)]
            if codes:
                text = f"{provider.label} has regions that the book has not: {', '.join(codes)}"
                tell(text, {"provider": provider.value, "regions_without_prices": codes})
        for meter, region in self._assembled.left:
            tell(f"{meter} has no price in {region} any more: it is not sold there", {"meter": meter, "region": region})
        tell(*self._summary())
        if self._assembled.texts == book.texts:
            checked = self._backend.now()
            text = f"Nothing has moved since the prices of {book.prices.date}; checked {checked:%Y-%m-%d %H:%M} UTC"
            tell(text, {"unchanged_since": book.prices.date, "checked_at": checked.isoformat()})
        return self._assembled.texts

    def outcome(self) -> dict[str, int]:
        """How many prices were taken from the lists, how many were held back, and how many findings there are."""
        if self._assembled is None:
            return {}
        findings = sum(len(each.findings) for each in self._chosen.values())
        return {"taken": len(self._assembled.taken), "held": len(self._assembled.held), "findings": findings}

    async def _read(
        self, lists: Sequence[Listed], book: PriceBook, today: str, told: Callable[[Progress], None]
    ) -> tuple[Mapping[Provider, Chosen], Mapping[Provider, Sequence[ListedRegion]]]:
        """What the lists say of prices, and which regions they have, if all were asked for."""
        given = self._backend.settings.price_lists
        mirrors = {Provider.AWS: given.aws, Provider.AZURE: given.azure, Provider.GCP: given.gcp}
        now = self._backend.now()
        async with PriceHttp(
            self._backend.settings.data.resolve() / "cache" / "prices",
            origins={provider: mirrors[provider] or origin for provider, origin in ORIGINS.items()},
            since=self._since or now,
            patience=Patience(at_once=given.at_once),
            time=Timekeeping(now=self._backend.now),
        ) as http:
            found = await read_lists(lists, book, self._regions, http, today, told, Limits(jump=given.jump))
            listed = {}
            if self._regions is None:
                readable = [each.fetcher for each in lists if found[each.fetcher.provider].prices]
                listed = {each.provider: regions for each in readable if (regions := await _listed(each, http))}
            http.prune(now - _KEPT)
        return found, listed

    def _fetcher(self, provider: Provider) -> Fetcher:
        if provider is Provider.AWS:
            return AwsFetcher()
        if provider is Provider.AZURE:
            return AzureFetcher()
        key = self._backend.settings.price_lists.google_api_key
        return GcpFetcher(signed_in() if key is None else api_key(key.get_secret_value()))

    def _keep(
        self, book: PriceBook, seen: Iterable[FetchedPrice], listed: Mapping[Provider, Sequence[ListedRegion]]
    ) -> None:
        found = price_findings.Found(
            findings=[finding for each in self._chosen.values() for finding in each.findings],
            priced={(price.meter, price.region) for each in self._chosen.values() for price in each.prices},
            unread={key for each in self._chosen.values() for key in each.unread},
            looked_at={provider: self._codes(book, provider) for provider in self._chosen},
        )
        with self._backend.database.write() as session:
            new = price_findings.keep(self._backend, session, found)
            price_checks.note(self._backend, session, seen, book)
            price_checks.keep_regions(self._backend, session, listed)
            session.flush()
            price_alerts.fold_in(self._backend, session, new)
            if self._workspace_id is not None:
                price_findings.tell(self._backend, session, self._workspace_id, new)

    def _codes(self, book: PriceBook, provider: Provider) -> list[str]:
        """The regions of a cloud that are asked for."""
        codes = [region.code for region in book.regions_of(provider)]
        return [code for code in codes if self._regions is None or code in self._regions]

    def _summary(self) -> tuple[str, dict[str, Any]]:
        outcome = self.outcome()
        text = f"{counted(outcome['taken'], 'price')} taken from the lists"
        if outcome["findings"]:
            found, held = counted(outcome["findings"], "finding"), counted(outcome["held"], "price")
            text += f"; {found}, {held} held back: prices findings"
        return text, outcome


async def _listed(fetcher: Fetcher, http: PriceHttp) -> tuple[ListedRegion, ...]:
    """The regions that the list has; none where it cannot be read for them."""
    try:
        return await fetcher.regions(http)
    except PriceError:
        return ()


def _titles(selectors: SelectorFile, book: PriceBook) -> Mapping[str, str]:
    """What people call a list's services: what its selectors do, or else the book, where it has one title for them."""
    titles: dict[str, set[str]] = {}
    for selector in selectors.meters.values():
        for row in selector.rows:
            if selector.meter in book.meters:
                titles.setdefault(row.service, set()).add(book.meter(selector.meter).service)
    return {
        service: selectors.titles.get(service, min(known))
        for service, known in titles.items()
        if len(known) == 1 or service in selectors.titles
    }


def _line(progress: Progress, titles: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    service = titles.get(progress.service, progress.service)
    where = " ".join((progress.provider.label, *([progress.region] if progress.region else [])))
    data = {
        "provider": progress.provider.value,
        "region": progress.region,
        "service": service,
        "prices": progress.prices,
        "part": progress.done,
        "parts": progress.total,
        **({"problem": progress.problem} if progress.problem else {}),
    }
    what = progress.problem or counted(progress.prices, "price")
    return " · ".join([where, *([service] if service else []), what]), data
