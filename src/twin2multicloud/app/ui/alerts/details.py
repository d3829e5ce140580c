"""An alert, whole: what, where, how often, since when, who looks after it; and the way to the twin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import flet as ft
import msgspec

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.alerts import Alert
from twin2multicloud.app.schemas.people import RoleName
from twin2multicloud.app.ui import figures, layers, may, places
from twin2multicloud.app.ui.alerts import acting
from twin2multicloud.app.ui.alerts.state import Chosen, Look, is_muted, whose
from twin2multicloud.app.ui.components import badges, buttons, cards, states, text
from twin2multicloud.app.ui.components.facts import Fact, facts
from twin2multicloud.app.ui.hooks import use_made, use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP

_NEWS: Final = Wanted(("alert",))


@dataclass(frozen=True)
class _Whole:
    alert: Alert
    role: RoleName | None


@ft.component
def Details(look: Look, changed: Callable[[], None]) -> ft.Control:  # noqa: N802  named as Flet's controls are
    """The alert whose id the address has; `changed` is called when something was done about it."""
    session = use_session()
    use_store(session.appearance)
    whole = use_remote(lambda: session.ask(lambda api: _load(api, session, look.alert)), look.alert, refresh_on=_NEWS)
    chosen = use_made(Chosen, look.alert)

    def done() -> None:
        whole.refresh()
        changed()

    close = buttons.icon(ft.Icons.CLOSE, tr("Close the details"), lambda: session.go(look.listed.path))
    return cards.card(
        states.shown(whole, lambda found: _shown(session, look, found, chosen, done), rows=6),
        title=tr("Alert"),
        beside=[close],
        id="alert-details",
    )


def _load(api: Client, session: Session, alert: str) -> _Whole:
    found = api.alerts.get(alert)
    if found.twin is None:
        return _Whole(found, next((each.role for each in session.me.workspaces if each.id == found.workspace), None))
    return _Whole(found, api.twins.get(found.twin).role)  # type: ignore[arg-type]  # a role's name


def _shown(session: Session, look: Look, whole: _Whole, chosen: Chosen, done: Callable[[], None]) -> ft.Control:
    alert, palette = whole.alert, session.appearance.palette
    marks: list[ft.Control] = [badges.severity(alert.severity, palette)]
    if alert.cloud:
        marks.append(badges.cloud(alert.cloud, palette))
    parts: list[ft.Control] = [
        ft.Row(marks, spacing=6, wrap=True),
        text.strong(alert.message, selectable=True),
        facts(_facts(session, alert)),
        _actions(session, whole, chosen, done),
        ft.Row(
            _ways(session, look, alert),
            wrap=True,
            spacing=GAP,
            run_spacing=GAP,
        ),
    ]
    if alert.data:
        written = msgspec.json.format(msgspec.json.encode(alert.data), indent=2).decode()
        parts += [
            text.section(tr("Data")),
            ft.Container(
                text.mono(written, selectable=True),
                bgcolor=ft.Colors.SURFACE_CONTAINER_HIGHEST,
                border_radius=8,
                padding=10,
            ),
        ]
    return ft.Column(parts, spacing=GAP + 6, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _ways(session: Session, look: Look, alert: Alert) -> list[ft.Control]:
    """Where to go on looking."""
    twin = alert.twin
    if twin is None:
        path = places.asked(places.people("workspaces"), chosen=alert.workspace)
        return [
            buttons.other(tr("Show the workspace"), lambda: session.go(path), icon=ft.Icons.WORKSPACES_OUTLINED),
            *_run(session, alert.data),
        ]
    return [
        buttons.other(tr("Show the twin"), lambda: session.go(places.twin(twin, "errors")), icon=ft.Icons.HUB_OUTLINED),
        *_run(session, alert.data),
        buttons.quiet(tr("Only this twin's alerts"), lambda: session.go(look.changed(twin=twin, state="all").path)),
    ]


def _facts(session: Session, alert: Alert) -> list[Fact]:
    now = session.now()

    def moment(at: Any) -> str:
        return f"{figures.since(at, now)} · {figures.day_and_time(at)}"

    found: list[Fact] = [
        (tr("Twin"), f"{whose(alert)} · {alert.target}"),
        (tr("Where"), layers.name(alert.layer) if alert.layer else figures.NONE),
        (tr("Kind"), alert.kind),
        (tr("How often"), figures.count(alert.count)),
        (tr("First"), moment(alert.first_at)),
        (tr("Last"), moment(alert.last_at)),
    ]
    if alert.acknowledged_at is not None:
        who = alert.acknowledged_by or tr("somebody who left")
        found.append((tr("Looked after by"), f"{who}, {figures.since(alert.acknowledged_at, now)}"))
    if is_muted(alert, now):
        found.append((tr("Muted until"), figures.day_and_time(alert.muted_until)))
    return found


def _actions(session: Session, whole: _Whole, chosen: Chosen, done: Callable[[], None]) -> ft.Control:
    alert = whole.alert
    if "run" not in session.me.scopes or whole.role is None or not may.at_least(whole.role, "operator"):
        return text.muted(tr("Operators of this twin can acknowledge and mute alerts; you look at them."))
    ids, busy = [alert.id], chosen.busy
    first = (
        buttons.main(
            tr("Acknowledge"),
            None if busy else lambda: acting.acknowledge(session, ids, chosen, done),
            icon=ft.Icons.CHECK,
        )
        if alert.acknowledged_at is None
        else None
    )
    second = (
        buttons.other(
            tr("Unmute"),
            None if busy else lambda: acting.unmute(session, ids, chosen, done),
            icon=ft.Icons.NOTIFICATIONS_OUTLINED,
        )
        if is_muted(alert, session.now())
        else buttons.other(
            tr("Mute…"),
            None if busy else lambda: acting.mute(session, ids, chosen, done),
            icon=ft.Icons.NOTIFICATIONS_OFF_OUTLINED,
        )
    )
    return ft.Row([each for each in (first, second) if each is not None], wrap=True, spacing=GAP, run_spacing=GAP)


def _run(session: Session, data: dict[str, Any]) -> list[ft.Control]:
    run = data.get("run")
    if not isinstance(run, str) or not run.startswith("run_"):
        return []
    return [buttons.other(tr("Show the run"), lambda: session.go(places.run(run)), icon=ft.Icons.PLAY_CIRCLE_OUTLINE)]
