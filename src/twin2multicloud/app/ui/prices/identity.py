"""Which price book is in use: of when it is, and how much is in it."""

from __future__ import annotations

from datetime import date
from typing import Final

import flet as ft

from twin2multicloud.app.schemas.catalogue import PricesInUse
from twin2multicloud.app.ui.components import badges, cards, text
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.slots import Provider

STALE_AFTER_DAYS: Final = 30


def is_stale(prices: PricesInUse) -> bool:
    """Whether prices are so old that somebody should look at newer ones."""
    return prices.age_days > STALE_AFTER_DAYS


def stale_clouds(prices: PricesInUse) -> list[Provider]:
    """The clouds whose prices are so old."""
    days = {provider: date.fromisoformat(seen).toordinal() for provider, seen in prices.seen.items()}
    today = min(days.values()) + prices.age_days
    return [provider for provider, day in days.items() if today - day > STALE_AFTER_DAYS]


def age_text(prices: PricesInUse) -> str:
    """Of when they are, and if they were looked up since, when that was."""
    if min(prices.seen.values()) != prices.date:
        days = prices.age_days
        ago = tr("today") if days == 0 else trn("{count} day ago", "{count} days ago", days)
        return tr("prices {date}, checked {ago}", date=prices.date, ago=ago)
    age = tr("today") if prices.age_days == 0 else trn("{count} day old", "{count} days old", prices.age_days)
    return tr("prices {date}, {age}", date=prices.date, age=age)


def card(session: Session, prices: PricesInUse) -> ft.Control:
    """Which book it is, how old, how much is in it, and how sure that is."""
    palette = session.appearance.palette
    confidences = ", ".join(f"{grade}: {count:,}" for grade, count in prices.confidences.items())
    clouds: list[ft.Control] = [
        ft.Row(
            [
                badges.cloud(provider, palette),
                text.muted(
                    tr(
                        "{prices:,} prices of {meters:,} meters in {regions:,} regions",
                        prices=counts["prices"],
                        meters=counts["meters"],
                        regions=counts["regions"],
                    )
                ),
                text.muted(
                    tr(
                        "{fetched:,} fetched from its list; the oldest of {date}, last seen {seen}",
                        fetched=counts["fetched"],
                        date=prices.oldest.get(provider, prices.date),
                        seen=prices.seen.get(provider, prices.date),
                    )
                ),
            ],
            spacing=GAP,
            tight=True,
            wrap=True,
            run_spacing=2,
        )
        for provider, counts in prices.providers.items()
    ]
    rows: list[ft.Control] = [
        text.named("price-book", text.strong(f"{age_text(prices)} · {tr('book')} {prices.hash[:8]}")),
        *clouds,
        text.muted(tr("Confidence, from A (the provider's own list) to D (unverified): {counts}", counts=confidences)),
    ]
    if is_stale(prices):
        said = tr(
            "Prices of {clouds} were last seen more than {days} days ago; the bill may have changed.",
            clouds=", ".join(provider.label for provider in stale_clouds(prices)),
            days=STALE_AFTER_DAYS,
        )
        rows.append(
            cards.strip(
                text.body(said, color=palette.warn.strong),
                tint_soft=palette.warn.soft,
                tint=palette.warn.strong,
                icon=ft.Icons.SCHEDULE,
            )
        )
    return ft.Column(rows, spacing=6, tight=True)
