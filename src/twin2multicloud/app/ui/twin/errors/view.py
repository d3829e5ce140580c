"""What goes wrong in a twin: alerts that people look after, the errors behind them, and faults that are made."""

from __future__ import annotations

from collections.abc import Callable

import flet as ft

from twin2multicloud.app.schemas.sandboxes import TwinError
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, cards, fields, states, text
from twin2multicloud.app.ui.components.ages import Age
from twin2multicloud.app.ui.components.facts import facts
from twin2multicloud.app.ui.components.pressed import pressable
from twin2multicloud.app.ui.hooks import use_held, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell.screen import columns
from twin2multicloud.app.ui.theme import GAP, Palette
from twin2multicloud.app.ui.twin import surfaces
from twin2multicloud.app.ui.twin.errors.alerts import AlertFeed
from twin2multicloud.app.ui.twin.errors.faults import FaultsCard
from twin2multicloud.app.ui.twin.moments import Since
from twin2multicloud.app.ui.twin.parts import Parts

_MOST = 100
_EVERY_S = 5.0
_ALERTS = 40


@ft.component
def ErrorsTab(parts: Parts) -> ft.Control:  # noqa: N802
    """Alerts on the left, what is behind them on the right."""
    session = use_session()
    use_store(session.viewport)
    look = parts.look
    waiting = look.get("alerts") == "open"
    choice = fields.switch(
        tr("Only what nobody looks after"),
        waiting,
        lambda on: session.go(look.asking(alerts="open" if on else None).path),
    )
    alerts = cards.card(
        ft.Column([choice, AlertFeed(parts, _ALERTS, waiting_only=waiting)], spacing=GAP, tight=True),
        title=tr("Alerts"),
    )
    if not parts.seen.runs_in_sandbox:
        hint = (
            tr("Errors of the clouds come as alerts; each cloud's own log has the rest.")
            if parts.seen.deployed
            else tr("It is not deployed.")
        )
        return ft.Column(
            [alerts, text.muted(hint)],
            spacing=GAP,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        )
    return columns(session, [alerts], [FaultsCard(parts), ErrorList(parts)], ratio=54)


@ft.component
def ErrorList(parts: Parts) -> ft.Control:  # noqa: N802
    """Errors of the sandbox, each with how often it came."""
    session = use_session()
    severity, cloud = parts.look.get("severity"), parts.look.get("cloud")

    def fits(error: TwinError) -> bool:
        return severity in ("", error.severity) and cloud in ("", error.cloud)

    return cards.card(
        ft.Column(
            [
                _filters(session, parts, severity, cloud),
                text.group(tr("Errors as they came"), Errors(parts, fits, bool(severity or cloud))),
            ],
            spacing=GAP,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
        title=tr("Errors as they came"),
        id="errors",
    )


@ft.component
def DeviceErrors(parts: Parts, device: str) -> ft.Control:  # noqa: N802
    """What went wrong with one device."""
    inner = Errors(parts, lambda error: error.device == device, False)
    return cards.card(inner, title=tr("Its errors"), id="device-errors")


@ft.component
def Errors(parts: Parts, fits: Callable[[TwinError], bool], filtered: bool) -> ft.Control:  # noqa: N802
    """Those errors that fit."""
    session = use_session()
    palette = use_store(session.appearance).palette
    errors = use_store(
        use_held(
            lambda: session.ask(lambda api: list(api.operating.errors(parts.id, limit=_MOST))),
            parts.id,
            every_s=_EVERY_S,
            refresh_on=Wanted(("alert",), twin=parts.id),
        )
    )

    def shown(found: list[TwinError]) -> ft.Control:
        fitting = [each for each in found if fits(each)]
        if not fitting:
            return text.muted(tr("No error fits") if filtered else tr("No error"))
        rows: list[ft.Control] = [_error(session, parts, each, palette) for each in fitting]
        return ft.Column(rows, spacing=0, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)

    return states.shown(errors, shown)


def _filters(session: Session, parts: Parts, severity: str, cloud: str) -> ft.Control:
    look = parts.look
    grave = {"": tr("any"), "warning": tr("warnings"), "error": tr("errors"), "critical": tr("critical")}
    return ft.Row(
        [
            fields.choice(
                tr("How grave"),
                severity,
                grave,
                lambda chosen: session.go(look.asking(severity=chosen).path),
                width=130,
            ),
            fields.choice(
                tr("Cloud"),
                cloud,
                {"": tr("any"), **badges.CLOUDS},
                lambda chosen: session.go(look.asking(cloud=chosen).path),
                width=120,
            ),
        ],
        wrap=True,
        spacing=GAP,
    )


def _key(error: TwinError) -> str:
    return error.trace or f"{error.cloud}.{error.component}.{error.kind}"


def _error(session: Session, parts: Parts, error: TwinError, palette: Palette) -> ft.Control:
    opened = parts.look.get("error") == _key(error)
    toggled = parts.look.asking(error=None if opened else _key(error))
    about: list[ft.Control] = [
        badges.severity(error.severity, palette),
        text.muted(" · ".join(filter(None, (error.layer, badges.CLOUDS.get(error.cloud, error.cloud), error.device)))),
        Age(error.last_at, pattern=tr("{age} ago")),
    ]
    if error.count > 1:
        about.append(text.muted(f"× {figures.count(error.count)}", weight=ft.FontWeight.W_600))
    lines: list[ft.Control] = [
        ft.Row(about, wrap=True, spacing=GAP, run_spacing=2),
        text.body(
            error.message,
            max_lines=None if opened else 2,
            overflow=ft.TextOverflow.ELLIPSIS,
            semantics_label="",  # as it is called so
        ),
    ]
    face = pressable(
        ft.Column(lines, spacing=3, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        error.message,
        lambda: session.go(toggled.path),
        reads=True,
        expanded=opened,
        padding=6,
        border_radius=6,
    )
    parts_shown: list[ft.Control] = [face, *([_details(error)] if opened else [])]
    return ft.Container(
        ft.Column(parts_shown, spacing=4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        key=_key(error),
        border=ft.Border(bottom=ft.BorderSide(1, ft.Colors.OUTLINE_VARIANT)),
        padding=ft.Padding.symmetric(vertical=4),
    )


def _details(error: TwinError) -> ft.Control:
    told = {
        tr("Kind"): error.kind,
        tr("Component"): error.component,
        tr("Device"): error.device,
        tr("Link"): error.link,
        tr("Trace"): error.trace,
    }
    rows: list[tuple[str, ft.Control]] = [
        (name, text.mono(value, selectable=True)) for name, value in told.items() if value
    ]
    rows += [(tr("First"), Since(error.first_at)), (tr("Last"), Since(error.last_at))]
    return surfaces.sunken(facts(rows))
