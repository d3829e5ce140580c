"""What one device tells, at a glance."""

from __future__ import annotations

from functools import partial

import flet as ft

from twin2multicloud.app.schemas.watching import DeviceHistory, DeviceValue
from twin2multicloud.app.ui.components import buttons, cards, states, text
from twin2multicloud.app.ui.hooks import use_held, use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.app.ui.twin import surfaces
from twin2multicloud.app.ui.twin.devices.device import HistoryCard, value_of
from twin2multicloud.app.ui.twin.devices.picker import pick
from twin2multicloud.app.ui.twin.parts import Parts

_EVERY_S = 4.0
_SPAN = {"xs": 12, "sm": 6, "lg": 4}


@ft.component
def ValuesCard(parts: Parts) -> ft.Control:  # noqa: N802
    """The device that is chosen, or the one that was heard of last when the page was opened."""
    session = use_session()
    target, wanted = parts.seen.target, parts.look.get("device")
    newest = use_remote(
        lambda: session.ask(
            lambda api: [
                each.id for each in api.watching.devices(parts.id, target=target, sort="-last_seen", limit=1).items
            ]
        ),
        parts.id,
        target,
    )

    def shown(found: list[str]) -> ft.Control:
        device = wanted or (found[0] if found else "")
        if not device:
            return cards.card(states.nothing(tr("It has no devices"), icon=ft.Icons.SENSORS_OFF))
        return DeviceGlance(parts, device)

    return states.shown(newest, shown)


@ft.component
def DeviceGlance(parts: Parts, device: str) -> ft.Control:  # noqa: N802
    """A device's last message, and one field of it over time."""
    session = use_session()
    target = parts.seen.target
    last = use_store(
        use_held(
            lambda: session.ask(lambda api: api.watching.history(parts.id, device, seconds=1, points=1, target=target)),
            parts.id,
            target,
            device,
            every_s=_EVERY_S,
        )
    )

    def shown(found: DeviceHistory) -> ft.Control:
        field = parts.look.get("field") or _first_number(found.last)
        drawn: list[ft.Control] = [HistoryCard(parts, device, field)] if field else []
        return ft.Column(
            [*drawn, _values(session, parts, found, field)],
            spacing=GAP + 4,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        )

    return states.shown(last, shown)


def _first_number(values: dict[str, DeviceValue]) -> str:
    numbers = [
        name
        for name, each in values.items()
        if isinstance(each.value, int | float) and not isinstance(each.value, bool)
    ]
    return numbers[0] if numbers else next(iter(values), "")


def _values(session: Session, parts: Parts, found: DeviceHistory, field: str) -> ft.Control:
    def chosen(device: str) -> None:
        session.go(parts.look.asking(device=device, field=None).path)

    whole = parts.look.at("devices", device=found.device).path
    head: list[ft.Control] = [
        buttons.other(found.device, lambda: pick(session, parts, chosen), icon=ft.Icons.SENSORS),
        buttons.quiet(tr("All about it"), lambda: session.go(whole)),
    ]
    if not found.last:
        why = tr("Not live: {why}", why=found.problem) if found.problem else tr("It has told nothing yet.")
        inner: ft.Control = text.muted(why)
    else:
        inner = ft.ResponsiveRow(
            [
                surfaces.pressable(
                    tr("Show {field}", field=name),
                    partial(session.go, parts.look.asking(device=found.device, field=name).path),
                    ft.Column(
                        [text.muted(name, no_wrap=True, overflow=ft.TextOverflow.ELLIPSIS), value_of(each)],
                        spacing=1,
                        tight=True,
                    ),
                    chosen=name == field,
                    col=_SPAN,
                )
                for name, each in found.last.items()
            ],
            spacing=GAP,
            run_spacing=GAP,
        )
    return cards.card(inner, title=tr("Last values"), beside=head, id="last-values")
