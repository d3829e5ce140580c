"""The prices that it all rests on: of when they are, refreshing them with a live log, and what that changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import flet as ft

from twin2multicloud.app.schemas.books import BookDetail
from twin2multicloud.app.schemas.catalogue import PricesInUse
from twin2multicloud.app.schemas.runs import Run
from twin2multicloud.app.ui import figures, places
from twin2multicloud.app.ui.components import badges, buttons, cards, states, tables, text
from twin2multicloud.app.ui.components.virtual import VirtualList
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.proposal.look import Look
from twin2multicloud.app.ui.proposal.refresh import Before, LogLine, Refresh
from twin2multicloud.app.ui.proposal.state import HALF_A_CENT, Loaded
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP

STALE_AFTER_DAYS: Final = 30
_LINE_PX: Final = 20
_LOG_PX: Final = 220
_MOST_ROWS: Final = 50


def is_stale(prices: PricesInUse) -> bool:
    """Whether prices are so old that somebody should look at newer ones."""
    return prices.age_days > STALE_AFTER_DAYS


def age_text(prices: PricesInUse) -> str:
    """Of when they are."""
    age = tr("today") if prices.age_days == 0 else trn("{count} day old", "{count} days old", prices.age_days)
    return tr("prices {date}, {age}", date=prices.date, age=age)


@ft.component
def Prices(look: Look, loaded: Loaded) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The part of them."""
    session = use_session()
    asking, set_asking = ft.use_state(False)

    async def ask() -> None:
        set_asking(True)
        try:
            run = await session.ask(lambda api: api.prices.refresh(loaded.twin.workspace))
            session.go(look.refreshing(run.id).path)
        finally:
            set_asking(False)

    role = next((each.role for each in session.me.workspaces if each.id == loaded.twin.workspace), None)
    may = role in ("operator", "owner")
    button = buttons.main(
        tr("Refreshing …") if asking else tr("Refresh prices"),
        (lambda: session.act(ask())) if may and not asking else None,
        icon=ft.Icons.REFRESH,
        tooltip=None if may else tr("Takes an operator of the workspace"),
    )
    rows: list[ft.Control] = [_facts(session, loaded.prices), ft.Row([button, _all_prices(session)], spacing=GAP)]
    if look.run:
        rows.append(Followed(look, loaded))
    return ft.Column(rows, spacing=GAP + 4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _all_prices(session: Session) -> ft.Control:
    return buttons.quiet(tr("All prices"), lambda: session.go(places.PRICES))


def _facts(session: Session, prices: PricesInUse) -> ft.Control:
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
            ],
            spacing=GAP,
            tight=True,
        )
        for provider, counts in prices.providers.items()
    ]
    rows: list[ft.Control] = [
        text.named("price-book", text.strong(f"{age_text(prices)} · {tr('book')} {prices.hash[:8]}")),
        *clouds,
        text.muted(tr("Confidence, from A (the provider's own list) to D (unverified): {counts}", counts=confidences)),
    ]
    if is_stale(prices):
        said = tr("These prices are more than {days} days old; the bill may have changed.", days=STALE_AFTER_DAYS)
        rows.append(
            cards.strip(
                text.body(said, color=palette.warn.strong),
                tint_soft=palette.warn.soft,
                tint=palette.warn.strong,
                icon=ft.Icons.SCHEDULE,
            )
        )
    return ft.Column(rows, spacing=6, tight=True)


@ft.component
def Followed(look: Look, loaded: Loaded) -> ft.Control:  # noqa: N802
    """A refresh that somebody follows: its log, and what came of it."""
    session = use_session()
    refresh = ft.use_memo(lambda: Refresh(session, look.run, Before.of(loaded.standing)), [look.run])
    use_store(refresh)
    ft.use_effect(refresh.begin, [look.run], refresh.stop)
    rows: list[ft.Control] = [_head(session, refresh.run), _log(refresh.lines)]
    if refresh.failure is not None:
        rows.append(states.failed(refresh.failure))
    elif refresh.run is not None and refresh.run.problem:
        rows.append(text.body(refresh.run.problem, color=ft.Colors.ERROR, selectable=True))
    elif refresh.ended:
        rows += _outcome(session, loaded, refresh)
    return ft.Column(rows, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _head(session: Session, run: Run | None) -> ft.Control:
    if run is None:
        return text.muted(tr("Looking for it …"))
    state = badges.run(run.status, session.appearance.palette)
    return text.named("refresh-state", ft.Row([text.strong(tr("Refresh")), state], spacing=GAP, tight=True), live=True)


def _log(lines: Sequence[LogLine]) -> ft.Control:
    def line(index: int) -> ft.Control:
        each = lines[index]
        color = {"warning": ft.Colors.ON_SURFACE, "error": ft.Colors.ERROR}.get(each.severity)
        said = f"{figures.clock(each.at, milliseconds=True)}  {each.text}"
        return text.mono(said, color=color, no_wrap=True, overflow=ft.TextOverflow.ELLIPSIS)

    return ft.Container(
        VirtualList(len(lines), _LINE_PX, line, follow=True, label=tr("Log of the refresh"), first_view=12),
        height=_LOG_PX,
        padding=10,
        bgcolor=ft.Colors.SURFACE_CONTAINER_HIGHEST,
        border_radius=8,
    )


def _outcome(session: Session, loaded: Loaded, refresh: Refresh) -> list[ft.Control]:
    book = refresh.book
    if book is None:
        return [text.body(tr("No newer prices: nothing changed."))]
    return [_effect(session, loaded, refresh), _diff(session, book)]


def _effect(session: Session, loaded: Loaded, refresh: Refresh) -> ft.Control:
    """What newer prices did to this twin: its bill, and the cheapest placement."""
    currency, rows = session.currency, list[ft.Control]()
    effect = refresh.effect(loaded.twin.id)
    if effect is not None:
        said = effect.problem or _before_after(session, effect.before_usd, effect.after_usd)
        rows.append(text.body(tr("This twin's bill: {said}", said=said)))
    elif loaded.placed is not None:
        amount = figures.per_month(loaded.placed.usd_per_month, currency)
        rows.append(text.body(tr("This twin's bill stays at {amount}.", amount=amount)))
    optimum, before = loaded.standing.optimum, refresh.before
    if optimum is not None and before.book != loaded.standing.price_book.hash:
        said = _before_after(session, before.optimum_usd, optimum.usd_per_month)
        rows.append(text.body(tr("The cheapest placement: {said}", said=said)))
    return text.named("price-effect", ft.Column(rows, spacing=4, tight=True))


def _before_after(session: Session, before: float | None, after: float | None) -> str:
    currency = session.currency
    if before is None or after is None or abs(after - before) <= HALF_A_CENT:
        return figures.per_month(after, currency)
    return tr(
        "{after} instead of {before} ({change})",
        after=figures.per_month(after, currency),
        before=figures.money(before, currency),
        change=figures.money(after - before, currency, signed=True),
    )


@dataclass(frozen=True)
class Change:
    """A price that is otherwise now, in USD per unit; `relative` None: there is no such ratio."""

    meter: str
    regions: Sequence[str]
    what: str
    start: float
    before_usd: float | None
    after_usd: float | None
    relative: float | None


def changes_of(diff: dict[str, Any]) -> list[Change]:
    """The prices that differ, those first that changed most."""
    found = [
        Change(
            figure["meter"],
            figure["regions"],
            figure["what"],
            tier["start"],
            tier["before_usd"],
            tier["after_usd"],
            tier["relative"],
        )
        for figure in diff.get("figures", ())
        for tier in figure["tiers"]
    ]
    return sorted(found, key=lambda each: -abs(each.relative or 0.0))


def _diff(session: Session, book: BookDetail) -> ft.Control:
    found = changes_of(book.diff)
    rows: list[ft.Control] = [
        text.body(
            trn(
                "{count} price differs from the book before.", "{count} prices differ from the book before.", len(found)
            )
        )
    ]
    if found:
        rows.append(
            tables.table(
                _columns(),
                found[:_MOST_ROWS],
                narrow=session.viewport.narrow,
                wide=session.viewport.wide,
                name=lambda each: each.meter,
                label=tr("Prices that differ"),
            )
        )
    if len(found) > _MOST_ROWS:
        rows.append(text.muted(tr("Those are the {count} that changed most.", count=_MOST_ROWS)))
    return ft.Column(rows, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _columns() -> list[tables.Column[Change]]:
    return [
        tables.Column(tr("Meter"), lambda each: text.body(each.meter, size=13), share=5, main=True),
        tables.Column(tr("Regions"), lambda each: text.muted(_regions(each)), share=4),
        tables.Column(tr("Before"), lambda each: text.figure(_price(each.before_usd), size=13), share=3, number=True),
        tables.Column(tr("Now"), lambda each: text.figure(_price(each.after_usd), size=13), share=3, number=True),
        tables.Column(tr("Change"), lambda each: text.figure(_relative(each), size=13), share=2, number=True),
    ]


def _regions(each: Change) -> str:
    shown = ", ".join(each.regions[:2])
    return f"{shown} +{len(each.regions) - 2}" if len(each.regions) > 2 else shown


def _price(usd: float | None) -> str:
    return figures.NONE if usd is None else f"${usd:.6g}"


def _relative(each: Change) -> str:
    if each.relative is None:
        return {"added": tr("new"), "removed": tr("gone")}.get(each.what, "")
    return f"{'+' if each.relative > 0 else '−'}{figures.share(abs(each.relative))}"
