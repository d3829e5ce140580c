"""When prices were last seen in the clouds' lists, and which regions these have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.prices import ListedRegionRecord, PriceCheckRecord
from twin2multicloud.model.slots import Provider

if TYPE_CHECKING:
    from twin2multicloud.optimizer.pricing.book import PriceBook
    from twin2multicloud.optimizer.pricing.fetching.choosing import FetchedPrice
    from twin2multicloud.optimizer.pricing.fetching.rows import ListedRegion
    from twin2multicloud.optimizer.pricing.fetching.staleness import Checks

_TURNS: Final = "price checks"


def note(backend: Backend, session: Session, prices: Iterable[FetchedPrice], book: PriceBook) -> None:
    """Keep that these prices are in their lists today."""
    from twin2multicloud.optimizer.pricing.fetching.staleness import fingerprint  # with arrays: see `at`

    backend.database.take_turns(session, _TURNS)
    today = backend.now().date().isoformat()
    seen: dict[tuple[str, str], dict[str, list[str]]] = {}
    for price in prices:
        key = (book.meter(price.meter).provider.value, price.region)
        seen.setdefault(key, {})[price.meter] = [today, fingerprint(price.tiers, price.per)]
    for (provider, region), meters in seen.items():
        record = session.get(PriceCheckRecord, (provider, region))
        if record is None:
            record = PriceCheckRecord(provider=provider, region=region, prices={}, checked_at=backend.now())
            session.add(record)
        record.prices = {**record.prices, **meters}
        record.checked_at = backend.now()


def at(backend: Backend) -> Checks:
    """When each price was last seen."""
    # Books load arrays, which whoever serves loads with the first question only.
    from twin2multicloud.optimizer.pricing.fetching.staleness import Check

    with backend.database.read() as session:
        return {
            (meter, record.region): Check(on, price)
            for record in session.scalars(select(PriceCheckRecord))
            for meter, (on, price) in record.prices.items()
        }


def keep_regions(backend: Backend, session: Session, listed: Mapping[Provider, Sequence[ListedRegion]]) -> None:
    """Keep which regions lists have, instead of what was kept of these clouds."""
    backend.database.take_turns(session, _TURNS)
    for provider, regions in listed.items():
        session.execute(delete(ListedRegionRecord).where(ListedRegionRecord.provider == provider.value))
        session.add_all(
            ListedRegionRecord(provider=provider.value, code=each.code, name=each.name[:200], read_at=backend.now())
            for each in regions
        )


def listed_regions(session: Session) -> list[tuple[ListedRegion, datetime]]:
    """The regions that the clouds' lists had when they were last read, and when that was."""
    from twin2multicloud.optimizer.pricing.fetching.rows import ListedRegion  # as in `at`

    found = session.scalars(select(ListedRegionRecord).order_by(ListedRegionRecord.provider, ListedRegionRecord.code))
    return [(ListedRegion(Provider(each.provider), each.code, each.name), each.read_at) for each in found]
