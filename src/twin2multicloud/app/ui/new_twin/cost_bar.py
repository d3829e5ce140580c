"""What the definition would cost where there is no room beside it: a bar that opens."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import text
from twin2multicloud.app.ui.components.pressed import pressable
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.new_twin.cost_panel import CostParts, Updating, problem_title, saving_said
from twin2multicloud.app.ui.new_twin.desk import Desk
from twin2multicloud.app.ui.theme import GAP, RADIUS

_OPEN_PX = 420


@ft.component
def CostBar(desk: Desk) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The total, and all of it once opened."""
    session = use_session()
    found = use_store(desk.costs)
    use_store(session.preferences)
    use_store(session.appearance)
    opened, set_opened = ft.use_state(False)
    if found.value is None:
        total = "…" if found.error is None else problem_title(found.error)
        hint = ""
    else:
        total = tr("{money} (estimate)", money=figures.per_month(found.value.usd, session.currency))
        hint = saving_said(found.value) if found.error is None else problem_title(found.error)
    row: list[ft.Control] = [
        ft.Container(
            ft.Column(
                [text.named("cost-total", text.strong(total)), text.muted(hint, max_lines=2)], spacing=0, tight=True
            ),
            expand=True,
        )
    ]
    row.append(Updating(desk))
    row.append(ft.Icon(ft.Icons.EXPAND_MORE if opened else ft.Icons.EXPAND_LESS))
    label = tr("Hide the costs") if opened else tr("Show the costs")
    bar = pressable(
        ft.Row(row, spacing=GAP),
        f"{label}: {total}",
        lambda: set_opened(not opened),
        expanded=opened,
        padding=ft.Padding.symmetric(horizontal=14, vertical=8),
    )
    parts: list[ft.Control] = [bar]
    if opened:
        parts.append(
            ft.Container(
                ft.Column(
                    [CostParts(desk)],
                    scroll=ft.ScrollMode.AUTO,
                    horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
                ),
                height=_OPEN_PX,
                padding=ft.Padding.only(left=8, right=8, bottom=8),
            )
        )
    return text.named(
        "cost-bar",
        ft.Container(
            ft.Column(parts, spacing=0, tight=True),
            bgcolor=ft.Colors.SURFACE,
            border=ft.Border.all(1, ft.Colors.OUTLINE_VARIANT),
            border_radius=RADIUS,
        ),
    )
