"""The price books that were taken up: what differs from the one before, and what that did to one's twins."""

from __future__ import annotations

from functools import partial

import flet as ft

from twin2multicloud.app.schemas.books import BookSummary, TwinEffect
from twin2multicloud.app.ui import figures, places
from twin2multicloud.app.ui.components import badges, buttons, cards, states, tables, text
from twin2multicloud.app.ui.components.facts import facts
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.prices import changes
from twin2multicloud.app.ui.prices.state import Book, InUse, Look, counted, load_book
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell.screen import columns
from twin2multicloud.app.ui.theme import GAP

_MOST = 100


@ft.component
def BooksPart(look: Look, in_use: InUse) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The list, and a book beside it."""
    session = use_session()
    use_store(session.appearance)
    use_store(session.viewport)
    books = use_remote(
        lambda: session.ask(lambda api: list(api.prices.books(limit=_MOST))), refresh_on=Wanted(("prices.",))
    )
    listed = states.shown(books, lambda found: _list(session, look, in_use, found), rows=4)
    if not look.book:
        return listed
    details = BookCard(look)
    return columns(session, [listed], [details], ratio=40) if session.viewport.wide else details


def _list(session: Session, look: Look, in_use: InUse, found: list[BookSummary]) -> ft.Control:
    if not found:
        return states.nothing(
            tr("The prices that the program brought are in use"),
            hint=tr("Books that are taken up by a refresh are listed here, with what each changed."),
            icon=ft.Icons.MENU_BOOK,
        )
    palette, now = session.appearance.palette, session.now()

    def named(book: BookSummary) -> ft.Control:
        marks: list[ft.Control] = [text.strong(tr("Book {number} of {date}", number=book.number, date=book.date))]
        if book.hash == in_use.prices.hash:
            marks.append(badges.pill(tr("in use"), palette.ok, sign="●"))
        return ft.Row(marks, spacing=6, wrap=True, run_spacing=2)

    def differs(book: BookSummary) -> ft.Control:
        count = counted(book.changes)
        return text.muted(
            trn("{count} price differs", "{count} prices differ", count) if book.changes else tr("the first")
        )

    shown: list[tables.Column[BookSummary]] = [
        tables.Column(tr("Book"), named, share=5, main=True),
        tables.Column(tr("Against the one before"), differs, share=3),
        tables.Column(tr("Taken up"), lambda book: text.muted(figures.since(book.taken_at, now)), share=2, number=True),
    ]
    return tables.table(
        shown,
        found,
        narrow=session.viewport.narrow,
        wide=session.viewport.wide,
        name=lambda book: tr("Book {number} of {date}", number=book.number, date=book.date),
        opened=lambda book: session.go(look.changed(book=str(book.number)).path),
        label=tr("Price books"),
    )


@ft.component
def BookCard(look: Look) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The book whose number the address has."""
    session = use_session()
    use_store(session.appearance)
    use_store(session.viewport)
    use_store(session.preferences)
    book = use_remote(lambda: session.ask(lambda api: load_book(api, look.book)), look.book)
    close = buttons.icon(ft.Icons.CLOSE, tr("Close the details"), lambda: session.go(look.listed.path))
    return cards.card(
        states.shown(book, lambda found: _shown(session, found), rows=5),
        title=tr("Book {number}", number=look.book),
        beside=[close],
        id="book",
    )


def _shown(session: Session, book: Book) -> ft.Control:
    detail = book.detail
    parts: list[ft.Control] = [
        facts(
            [
                (tr("Of"), detail.date),
                (tr("Taken up"), figures.day_and_time(detail.taken_at)),
                (tr("Hash"), text.mono(detail.hash[:16], selectable=True)),
            ],
            name_px=90,
        ),
        text.section(tr("What it did to your twins")),
        _effects(session, book),
        text.section(tr("What differs")),
        changes.table(session, detail.diff) if detail.diff else text.muted(tr("It is the first book.")),
    ]
    return ft.Column(parts, spacing=GAP + 4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _effects(session: Session, book: Book) -> ft.Control:
    if not book.detail.twins:
        return text.muted(tr("No twin of yours costs more or less by it."))
    rows = [_effect(session, each, book.names.get(each.twin, each.twin)) for each in book.detail.twins[:_MOST]]
    return ft.Column(rows, spacing=6, tight=True)


def _effect(session: Session, effect: TwinEffect, name: str) -> ft.Control:
    currency = session.currency
    if effect.problem is not None or effect.before_usd is None or effect.after_usd is None:
        said = effect.problem or figures.per_month(effect.after_usd, currency)
    else:
        said = tr(
            "{after} instead of {before} ({change})",
            after=figures.per_month(effect.after_usd, currency),
            before=figures.money(effect.before_usd, currency),
            change=figures.money(effect.after_usd - effect.before_usd, currency, signed=True),
        )
    lines: list[ft.Control] = [text.body(said)]
    if effect.optimum_slots:
        lines.append(
            text.muted(
                tr(
                    "The cheapest placement fills {slots} otherwise now: {amount}",
                    slots=", ".join(effect.optimum_slots),
                    amount=figures.per_month(effect.optimum_after_usd, currency),
                )
            )
        )
    return ft.Row(
        [
            ft.Container(buttons.quiet(name, partial(session.go, places.proposal(effect.twin))), width=170),
            ft.Container(ft.Column(lines, spacing=1, tight=True), expand=True),
        ],
        vertical_alignment=ft.CrossAxisAlignment.START,
    )
