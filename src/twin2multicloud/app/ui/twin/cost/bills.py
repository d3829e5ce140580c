"""Bills that were read of a twin, where they come from, and the one that is being read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import flet as ft

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.bills import Bill, BillFetch, BillSource
from twin2multicloud.app.schemas.runs import ENDED, RunSummary
from twin2multicloud.app.ui import figures, places
from twin2multicloud.app.ui.components import badges, buttons, cards, states, tables, text
from twin2multicloud.app.ui.components.tables import Column
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.runs.access import may_operate
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.app.ui.twin.cost import bill_form
from twin2multicloud.app.ui.twin.parts import Parts


@dataclass(frozen=True)
class Known:
    """What was read of clouds, where it comes from, and the newest run that reads, with what it told last."""

    bills: list[Bill]
    sources: list[BillSource]
    run: RunSummary | None
    told: str

    @property
    def reading(self) -> bool:
        """Whether one is being read."""
        return self.run is not None and self.run.status not in ENDED


def known(api: Client, twin: str) -> Known:
    """All of it."""
    run = next(iter(api.runs.list(twin=twin, kind=["bills"], limit=1)), None)
    told = "" if run is None else _last(api, run.id)
    return Known(api.bills.kept(twin, "clouds"), api.bills.sources(twin), run, told)


def _last(api: Client, run: str) -> str:
    return next((each.message for each in api.events.list(run=run, kind="bills", newest=True, limit=1)), "")


@ft.component
def BillsCard(parts: Parts) -> ft.Control:  # noqa: N802
    """A card; for a twin in clouds."""
    session = use_session()
    use_store(session.appearance)
    use_store(session.preferences)
    use_store(session.viewport)

    async def ask() -> Known:
        return await session.ask(lambda api: known(api, parts.id))

    found = use_remote(ask, parts.id, refresh_on=Wanted(("bill", "run."), twin=parts.id))
    may = may_operate(session, parts.seen.twin, "")
    beside: list[ft.Control] = []
    if may:
        reading = found.value is None or found.value.reading
        begin = None if reading else lambda: bill_form.ask(session, parts.id, found.refresh)
        beside.append(buttons.main(tr("Read a bill"), begin, icon=ft.Icons.DOWNLOAD_OUTLINED))
    return cards.card(
        states.shown(found, lambda those: _shown(session, parts, those, may, found.refresh), rows=3),
        title=tr("Bills"),
        beside=beside,
        id="bills",
    )


def _shown(session: Session, parts: Parts, those: Known, may: bool, again: Callable[[], None]) -> ft.Control:
    told: list[ft.Control] = []
    if those.run is not None and (those.reading or those.run.status != "succeeded"):
        told.append(_run(session, those.run, those.told))
    told += [_source(session, parts, each, may and not those.reading, may, again) for each in those.sources]
    if those.bills:
        told.append(
            tables.table(
                _columns(session),
                those.bills,
                narrow=session.viewport.narrow,
                wide=session.viewport.wide,
                label=tr("Bills"),
            )
        )
    elif not those.reading:
        told.append(text.muted(tr("None was read yet. It is read from the cloud’s export, or by asking the cloud.")))
    return ft.Column(told, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _run(session: Session, run: RunSummary, told: str) -> ft.Control:
    """How far it is, what it told last, and why it failed."""
    head: list[ft.Control] = [
        text.strong(tr("Reading of a bill")),
        badges.run(run.status, session.appearance.palette),
        buttons.quiet(tr("Show the run"), lambda: session.go(places.run(run.id))),
    ]
    lines: list[ft.Control] = [ft.Row(head, spacing=GAP, wrap=True, vertical_alignment=ft.CrossAxisAlignment.CENTER)]
    if run.problem:
        lines.append(text.body(run.problem, color=ft.Colors.ERROR, selectable=True))
    elif told:
        lines.append(text.muted(told))
    return text.named("bill-run", ft.Column(lines, spacing=4, tight=True), live=True)


def _source(
    session: Session, parts: Parts, source: BillSource, free: bool, may: bool, again: Callable[[], None]
) -> ft.Control:
    """Where a cloud's bills come from every day."""
    name = badges.CLOUDS[source.cloud]

    async def read() -> None:
        given = BillFetch(
            cloud=source.cloud,
            kind=source.kind,
            location=source.location,
            period=f"{session.now():%Y-%m}",
            usd_per=source.usd_per,
        )
        await session.ask(lambda api: api.bills.fetch(parts.id, given))
        again()

    async def removed() -> None:
        await session.ask(lambda api: api.bills.remove_source(parts.id, source.cloud))
        again()

    where = source.location or tr("the connection’s account")
    kind = tr("asked every day: {where}", where=where) if source.kind == "query" else where
    next_at = figures.day_and_time(source.next_at)
    said: list[ft.Control] = [
        badges.cloud(source.cloud, session.appearance.palette),
        text.body(kind, selectable=True),
        text.muted(tr("next {time}", time=next_at)),
    ]
    if may:
        said += [
            buttons.named(tr("Read now"), tr("Read the bill of {cloud} now", cloud=name), lambda: session.act(read()))
            if free
            else buttons.quiet(tr("Read now"), None),
            buttons.named(
                tr("Read no more"),
                tr("Read bills of {cloud} no more", cloud=name),
                lambda: session.act(removed()),
            ),
        ]
    return ft.Row(said, spacing=GAP, run_spacing=4, wrap=True, vertical_alignment=ft.CrossAxisAlignment.CENTER)


def _columns(session: Session) -> list[Column[Bill]]:
    return [
        Column(tr("Month"), lambda bill: text.strong(bill.period), share=2, main=True),
        Column(tr("Cloud"), lambda bill: badges.cloud(bill.cloud, session.appearance.palette), share=2),
        Column(
            tr("Whole bill"),
            lambda bill: text.figure(figures.money(float(bill.usd), session.currency)),
            share=2,
            number=True,
        ),
        Column(
            tr("Read"),
            lambda bill: text.body(figures.day_and_time(bill.imported_at), size=13),
            share=3,
        ),
        Column(
            tr("From"),
            lambda bill: text.muted(bill.source or figures.NONE, max_lines=2, overflow=ft.TextOverflow.ELLIPSIS),
            share=4,
            wide_only=True,
        ),
    ]
