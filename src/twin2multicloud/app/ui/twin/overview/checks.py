"""What the checks of a twin found, for what part of the time each was well, and what changed."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.schemas.health_history import Availability, HealthChange, HealthCheck, HealthHistory
from twin2multicloud.app.schemas.twins import Health
from twin2multicloud.app.ui import figures, layers
from twin2multicloud.app.ui.components import badges, buttons, cards, states, tables, text
from twin2multicloud.app.ui.hooks import use_held, use_session, use_store
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.app.ui.twin.overview.links import edge_name
from twin2multicloud.app.ui.twin.parts import Parts

_EVERY_S = 20.0
_FEW = 6
_CHANGES = 5
_GRAVITY: dict[Health, int] = {"down": 0, "degraded": 1, "unknown": 2, "ok": 3}
_KINDS = ("probe", "dashboard", "devices", "store", "graph", "layer", "link", "queue", "function")


@ft.component
def ChecksCard(parts: Parts) -> ft.Control:  # noqa: N802
    """A few of them, those that are not well first; all of them when that is asked for."""
    session = use_session()
    use_store(session.appearance)
    use_store(session.viewport)
    whole, set_whole = ft.use_state(False)
    target = parts.seen.target
    history = use_store(
        use_held(
            lambda: session.ask(lambda api: api.operating.health_history(parts.id, target, limit=_CHANGES)),
            parts.id,
            target,
            every_s=_EVERY_S,
            refresh_on=Wanted(("health.changed",), twin=parts.id),
        )
    )
    count = 0 if history.value is None else len(history.value.checks)
    more: list[ft.Control] = []
    if count > _FEW:
        label = tr("Fewer") if whole else trn("All {count} check", "All {count} checks", count)
        more = [buttons.quiet(label, lambda: set_whole(not whole))]
    return cards.card(
        states.shown(history, lambda found: _shown(session, found, whole), rows=4),
        title=tr("Checks"),
        beside=more,
        id="checks",
    )


def _shown(session: Session, found: HealthHistory, whole: bool) -> ft.Control:
    if not found.checks:
        return text.muted(tr("Nothing was checked yet; that happens every few seconds while it runs."))
    order = sorted(found.checks, key=lambda each: (_GRAVITY[each.health], _KINDS.index(each.kind), each.subject))
    columns: list[tables.Column[HealthCheck]] = [
        tables.Column(tr("Check"), _named, share=6, main=True),
        tables.Column(tr("Since"), lambda each: _state(session, each), share=5),
        tables.Column(tr("24 h"), lambda each: _part(each.availability.day), share=3, number=True),
        tables.Column(tr("7 d"), lambda each: _part(each.availability.week), share=3, number=True, wide_only=True),
        tables.Column(tr("30 d"), lambda each: _part(each.availability.month), share=3, number=True, wide_only=True),
    ]
    parts: list[ft.Control] = [
        tables.table(
            columns,
            order if whole else order[:_FEW],
            narrow=session.viewport.narrow,
            wide=session.viewport.wide,
            label=tr("Checks"),
        )
    ]
    if found.changes:
        parts.append(text.muted(tr("What changed last")))
        parts += [_change(session, each) for each in found.changes]
    return ft.Column(parts, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _named(check: HealthCheck) -> ft.Control:
    lines: list[ft.Control] = [text.body(called(check.subject), max_lines=2, overflow=ft.TextOverflow.ELLIPSIS)]
    if check.problem:
        lines.append(text.muted(check.problem))
    elif check.value is not None and check.unit == "s":
        lines.append(text.muted(figures.age(check.value) if check.value >= 1 else tr("less than a second")))
    return ft.Column(lines, spacing=1, tight=True)


def _state(session: Session, check: HealthCheck) -> ft.Control:
    """How it does, and since when."""
    return ft.Column(
        [
            badges.health(check.health, session.appearance.palette),
            text.muted(figures.since(check.since, session.now()), no_wrap=True),
        ],
        spacing=1,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.END if session.viewport.narrow else ft.CrossAxisAlignment.START,
    )


def _part(found: Availability) -> ft.Control:
    return text.figure(figures.NONE if found.percent is None else f"{found.percent:.4g} %")


def _change(session: Session, change: HealthChange) -> ft.Control:
    words = tr(
        "{check}: {health}, was {before}",
        check=called(change.subject),
        health=badges.health_word(change.health),
        before=badges.health_word(change.before),
    )
    return ft.Row(
        [
            text.muted(figures.since(change.at, session.now())),
            text.body(words, expand=True, max_lines=1, overflow=ft.TextOverflow.ELLIPSIS),
        ],
        spacing=GAP,
    )


def called(subject: str) -> str:
    """What a check is called, as people say it."""
    kind, _, rest = subject.partition("/")
    cloud, _, name = rest.partition("/")
    where = badges.CLOUDS.get(cloud, cloud)
    if kind == "layer":
        return layers.name(rest)
    if kind == "link":
        return tr("Link, {what}", what=edge_name(rest))
    if kind == "queue":
        return tr("Queue {name} at {cloud}", name=name, cloud=where)
    if kind == "function":
        return tr("Function {name} at {cloud}", name=name, cloud=where)
    return {
        "probe": tr("From end to end"),
        "dashboard": tr("Dashboard"),
        "devices": tr("Devices"),
        "store": tr("Hot store"),
        "graph": tr("Twin graph"),
    }.get(kind, subject)
