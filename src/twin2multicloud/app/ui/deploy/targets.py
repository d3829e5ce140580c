"""Where to: what each place means, and whether it can be had."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import flet as ft

from twin2multicloud.app.schemas.twins import Target, Twin
from twin2multicloud.app.ui.components import badges, text
from twin2multicloud.app.ui.components.pressed import pressable
from twin2multicloud.app.ui.deploy.state import TARGETS
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.runs import words
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP, RADIUS

_ICONS = {
    "sandbox": ft.Icons.COMPUTER,
    "clouds": ft.Icons.CLOUD_OUTLINED,
    "rehearsal": ft.Icons.THEATER_COMEDY_OUTLINED,
}


def meaning(target: Target) -> str:
    """What it means to deploy there."""
    return {
        "sandbox": tr("Its slots run on the server's machine, one process per cloud. Costs nothing."),
        "clouds": tr("Its slots are built in your accounts at the clouds. Costs what the plan says."),
        "rehearsal": tr("The same plans and steps with stand-in clouds: nothing is built, nothing costs."),
    }[target]


def targets(
    session: Session, twin: Twin, chosen: Target, choose: Callable[[Target], None], missing: Mapping[Target, str]
) -> ft.Control:
    """The places to choose from; `missing` says why some cannot be had."""
    cards: list[ft.Control] = [
        _card(session, twin, each, each == chosen, choose, missing.get(each, "")) for each in TARGETS
    ]
    if session.viewport.narrow:
        inner: ft.Control = ft.Column(cards, spacing=GAP, tight=True)
    else:
        inner = ft.Row(
            [ft.Container(each, expand=1) for each in cards],
            spacing=GAP,
            vertical_alignment=ft.CrossAxisAlignment.STRETCH,
            intrinsic_height=True,
        )
    return ft.Semantics(label=tr("Where to"), container=True, content=inner)


def _card(
    session: Session, twin: Twin, target: Target, chosen: bool, choose: Callable[[Target], None], missing: str
) -> ft.Control:
    palette = session.appearance.palette
    life = twin.life.get(target)
    head = ft.Row(
        [
            ft.Icon(_ICONS[target], size=20, color=palette.accent.strong if chosen else palette.muted),
            ft.Container(text.strong(words.target(target), semantics_label=""), expand=True),
            ft.Icon(
                ft.Icons.RADIO_BUTTON_CHECKED if chosen else ft.Icons.RADIO_BUTTON_UNCHECKED,
                size=18,
                color=palette.accent.strong if chosen else palette.muted,
            ),
        ],
        spacing=GAP,
    )
    parts: list[ft.Control] = [head, text.muted(meaning(target))]
    if missing:
        told = tr("Not from this server: {why}", why=missing)
        parts.append(text.muted(told, color=palette.warn.strong, max_lines=6, overflow=ft.TextOverflow.ELLIPSIS))
    if life is not None and life != "draft":
        parts.append(ft.Row([badges.life(life, palette)], tight=True))
    return pressable(
        ft.Column(parts, spacing=6, tight=True),
        words.target(target),
        lambda: choose(target),
        reads=True,
        id=f"target-{target}",
        selected=chosen,
        padding=14,
        bgcolor=palette.accent.soft if chosen else palette.card,
        border=ft.Border.all(1.5 if chosen else 1, palette.accent.strong if chosen else palette.line),
        border_radius=RADIUS,
    )
