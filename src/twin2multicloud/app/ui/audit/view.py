"""The audit log: who did what to what, and when."""

from __future__ import annotations

from functools import partial

import flet as ft
import msgspec

from twin2multicloud.app.schemas.audit import AuditEntry
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.ui import figures, may, places
from twin2multicloud.app.ui.audit.state import PAGE, PERIODS, Look, groups, load
from twin2multicloud.app.ui.components import buttons, cards, fields, states, tables, text
from twin2multicloud.app.ui.components.facts import Fact, facts
from twin2multicloud.app.ui.components.filters import filters
from twin2multicloud.app.ui.components.typed import SearchField
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.places import Place
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell.screen import Crumb, columns, screen
from twin2multicloud.app.ui.theme import GAP


@ft.component
def AuditScreen() -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The log, and an entry's details beside it."""
    session = use_session()
    use_store(session.viewport)
    look = Look.read(Place.of(ft.context.page.route).query)
    part = use_remote(lambda: session.ask(lambda api: load(api, look, session.now())), look.listed)
    matter = states.use_shown(part, lambda found: _list(session, look, found), look, rows=8)
    again = buttons.other(tr("Look again"), None if part.loading else part.refresh, icon=ft.Icons.REFRESH)
    return screen(
        session,
        [Crumb(tr("Audit"))],
        ft.Column(
            [_filters(session, look), matter],
            spacing=GAP + 6,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
        actions=[again],
        id="audit",
    )


def _filters(session: Session, look: Look) -> ft.Control:
    def go(**given: str) -> None:
        session.go(look.changed(**given).path)

    about = groups()
    if look.action and look.action not in about:
        about[look.action] = look.action
    periods = {
        "": tr("since ever"),
        "hour": tr("last hour"),
        "day": tr("last 24 hours"),
        "week": tr("last 7 days"),
        "month": tr("last 31 days"),
    }
    if look.since and look.since not in PERIODS:
        periods[look.since] = tr("since {day}", day=look.since)
    places_in = {"": tr("any workspace"), **{each.id: each.name for each in session.me.workspaces}}
    if look.workspace and look.workspace not in places_in:
        places_in[look.workspace] = look.workspace
    return filters(
        session,
        [
            (
                SearchField(
                    tr("Who: address or id"), look.actor, lambda given: go(actor=given), hint="ada@example.org"
                ),
                240,
            ),
            (SearchField(tr("To what: id"), look.subject, lambda given: go(subject=given), hint="twn_…"), 220),
            (
                fields.choice(tr("About"), look.action, {"": tr("anything"), **about}, lambda given: go(action=given)),
                180,
            ),
            (fields.choice(tr("When"), look.since, periods, lambda given: go(since=given)), 160),
            (fields.choice(tr("Workspace"), look.workspace, places_in, lambda given: go(workspace=given)), 180),
        ],
    )


def _list(session: Session, look: Look, part: Page[AuditEntry]) -> ft.Control:
    if not part.items:
        return _nothing(session, look)
    table = tables.table(
        _columns(),
        part.items,
        narrow=session.viewport.narrow,
        wide=session.viewport.wide and not look.entry,
        name=lambda entry: f"{entry.actor} {entry.action} {_what(entry)}",
        opened=lambda entry: session.go(look.opened(entry.id).path),
        label=tr("Audit log"),
    )
    turner = tables.turner(look.trail, PAGE, part, lambda trail: session.go(look.turned(trail).path))
    listed = ft.Column([table, *turner], spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
    chosen = next((entry for entry in part.items if str(entry.id) == look.entry), None)
    if chosen is None:
        return listed
    details = _details(session, look, chosen)
    return columns(session, [listed], [details]) if session.viewport.wide else details


def _nothing(session: Session, look: Look) -> ft.Control:
    if look.filtered or look.trail:
        return states.nothing(
            tr("No entry fits"),
            icon=ft.Icons.SEARCH_OFF,
            action=buttons.other(tr("Show all"), lambda: session.go(places.AUDIT)),
        )
    if not may.administer(session.me) and not any(each.role == "owner" for each in session.me.workspaces):
        return states.nothing(
            tr("Owners see what happened in their workspaces"),
            hint=tr("Admins of the installation see everything."),
            icon=ft.Icons.LOCK_OUTLINE,
        )
    return states.nothing(tr("Nothing was done yet"), icon=ft.Icons.HISTORY)


def _columns() -> list[tables.Column[AuditEntry]]:
    return [
        tables.Column(tr("When"), lambda entry: text.muted(figures.day_and_time(entry.at)), share=3),
        tables.Column(
            tr("Who"),
            lambda entry: ft.Column(
                [
                    text.body(entry.actor, max_lines=1, overflow=ft.TextOverflow.ELLIPSIS),
                    *([text.muted(tr("with a key"))] if entry.key else []),
                ],
                spacing=0,
                tight=True,
            ),
            share=3,
        ),
        tables.Column(tr("Did"), lambda entry: text.strong(entry.action), share=3, main=True),
        tables.Column(
            tr("To what"),
            lambda entry: text.body(_what(entry), max_lines=1, overflow=ft.TextOverflow.ELLIPSIS),
            share=4,
            wide_only=True,
        ),
    ]


def _what(entry: AuditEntry) -> str:
    name = entry.details.get("name")
    return f"{name}" if isinstance(name, str) and name else entry.subject


def _details(session: Session, look: Look, entry: AuditEntry) -> ft.Control:
    names = {each.id: each.name for each in session.me.workspaces}
    known: list[Fact] = [
        (tr("When"), f"{figures.day_and_time(entry.at)[:10]} {figures.clock(entry.at, milliseconds=True)} UTC"),
        (tr("Who"), entry.actor),
        (tr("Person"), entry.user or figures.NONE),
        (tr("Key"), entry.key or tr("none: with a browser, or the backend itself")),
        (tr("To what"), entry.subject),
        (tr("Workspace"), names.get(entry.workspace or "", entry.workspace or tr("the installation"))),
        (tr("Request"), entry.correlation_id or figures.NONE),
    ]
    acts: list[ft.Control] = [
        buttons.other(tr("All of this subject"), partial(session.go, look.changed(subject=entry.subject).path)),
    ]
    if entry.user:
        acts.append(buttons.other(tr("All by them"), partial(session.go, look.changed(actor=entry.user).path)))
    if entry.subject.startswith("run_"):
        acts.append(buttons.quiet(tr("Show the run"), partial(session.go, places.run(entry.subject))))
    if entry.subject.startswith("twn_"):
        acts.append(buttons.quiet(tr("Show the twin"), partial(session.go, places.twin(entry.subject))))
    written = msgspec.json.format(msgspec.json.encode(entry.details), indent=2).decode()
    return cards.card(
        ft.Column(
            [
                facts(known, name_px=90),
                ft.Container(
                    text.mono(written, selectable=True),
                    bgcolor=ft.Colors.SURFACE_CONTAINER_HIGHEST,
                    border_radius=8,
                    padding=10,
                ),
                ft.Row(acts, wrap=True, spacing=GAP, run_spacing=GAP),
            ],
            spacing=GAP + 6,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
        title=entry.action,
        beside=[buttons.icon(ft.Icons.CLOSE, tr("Close the details"), lambda: session.go(look.listed.path))],
        id="entry",
    )
