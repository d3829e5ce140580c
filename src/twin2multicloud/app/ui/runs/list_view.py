"""Runs in a list: a twin's on its page, or all."""

from __future__ import annotations

from typing import get_args

import flet as ft

from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.schemas.runs import Kind, RunSummary
from twin2multicloud.app.ui import figures, places
from twin2multicloud.app.ui.components import badges, fields, states, tables, text
from twin2multicloud.app.ui.components.pressed import tip
from twin2multicloud.app.ui.hooks import use_every, use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.places import Place
from twin2multicloud.app.ui.runs import words
from twin2multicloud.app.ui.runs.listed import PAGE, RunsLook, load
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell.screen import Crumb, screen
from twin2multicloud.app.ui.theme import GAP

_AGES_S = 10.0


@ft.component
def RunsScreen() -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """All runs that one may see, or with `?twin=` those of a twin."""
    session = use_session()
    use_store(session.viewport)
    query = Place.of(ft.context.page.route).query
    twin = query.get("twin", "")
    look = RunsLook.read(places.RUNS, twin, query)
    return screen(
        session,
        [Crumb(tr("Twins"), places.TWINS), Crumb(tr("Runs"))],
        RunsList(look),
        id="runs",
    )


@ft.component
def RunsList(look: RunsLook) -> ft.Control:  # noqa: N802
    """The list, with what it is filtered by."""
    session = use_session()
    use_store(session.viewport)
    use_store(session.appearance)
    part = use_remote(
        lambda: session.ask(lambda api: load(api, look)), look, refresh_on=Wanted(("run.",), twin=look.twin or None)
    )
    _, tick = ft.use_state(0)
    use_every(_AGES_S, lambda: tick(lambda number: number + 1))
    return ft.Column(
        [_filters(session, look), states.shown(part, lambda found: _list(session, look, found), rows=6)],
        spacing=GAP + 6,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _filters(session: Session, look: RunsLook) -> ft.Control:
    kinds = {"": tr("any kind"), **{each: words.kind(each) for each in get_args(Kind)}}
    in_states = {
        "": tr("any state"),
        "open": tr("not ended"),
        "waiting": tr("waits for agreement"),
        "succeeded": tr("succeeded"),
        "failed": tr("failed"),
        "called-off": tr("cancelled or declined"),
    }
    return ft.Row(
        [
            fields.choice(tr("Kind"), look.kind, kinds, lambda kind: session.go(look.of_kind(kind).path), width=190),
            fields.choice(
                tr("State"), look.state, in_states, lambda state: session.go(look.in_state(state).path), width=210
            ),
        ],
        wrap=True,
        spacing=GAP + 4,
        run_spacing=GAP,
    )


def _list(session: Session, look: RunsLook, part: Page[RunSummary]) -> ft.Control:
    if not part.items:
        return states.nothing(
            tr("No run fits") if look.filtered else tr("Nothing has run yet"),
            hint="" if look.filtered else tr("Plans, deployments, moves and checks are listed here."),
            icon=ft.Icons.HISTORY,
        )
    table = tables.table(
        _columns(session, of_twin=bool(look.twin)),
        part.items,
        narrow=session.viewport.narrow,
        wide=session.viewport.wide,
        name=lambda run: tr("Run {number}, {kind}", number=run.number, kind=words.kind(run.kind)),
        opened=lambda run: session.go(places.run(run.id)),
        label=tr("Runs"),
    )
    turner = tables.turner(look.trail, PAGE, part, lambda trail: session.go(look.turned(trail).path))
    return ft.Column([table, *turner], spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _columns(session: Session, *, of_twin: bool) -> list[tables.Column[RunSummary]]:
    palette = session.appearance.palette

    def problem(run: RunSummary) -> ft.Control:
        if not run.problem:
            return ft.Row([badges.run(run.status, palette)], tight=True)
        said = text.muted(run.problem, max_lines=2, overflow=ft.TextOverflow.ELLIPSIS)
        return ft.Column([ft.Row([badges.run(run.status, palette)], tight=True), said], spacing=3, tight=True)

    found = [
        tables.Column[RunSummary](tr("Run"), _name, share=2, main=True),
        tables.Column[RunSummary](tr("State"), problem, share=4),
        tables.Column[RunSummary](tr("Where"), lambda run: text.body(words.target(run.target)), share=2),
        tables.Column[RunSummary](tr("By"), lambda run: text.muted(run.created_by), share=2, wide_only=True),
        tables.Column[RunSummary](
            tr("Took"), lambda run: text.figure(_took(session, run)), share=1, number=True, wide_only=True
        ),
        tables.Column[RunSummary](
            tr("Asked for"),
            lambda run: text.muted(
                figures.since(run.created_at, session.now()), tooltip=tip(figures.day_and_time(run.created_at))
            ),
            share=2,
            number=True,
        ),
    ]
    if not of_twin:
        found.insert(
            1, tables.Column[RunSummary](tr("Twin"), lambda run: text.body(run.twin_name or figures.NONE), share=3)
        )
    return found


def _name(run: RunSummary) -> ft.Control:
    return ft.Row(
        [text.muted(f"{run.number}"), text.strong(words.kind(run.kind), no_wrap=True)], spacing=GAP, tight=True
    )


def _took(session: Session, run: RunSummary) -> str:
    return figures.duration(((run.ended_at or session.now()) - run.created_at).total_seconds())
