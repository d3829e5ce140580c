"""What is often done with a twin in a sandbox."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.ui.components import buttons, cards
from twin2multicloud.app.ui.hooks import use_session
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.runs import actions as runs
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.app.ui.twin.devices.picker import pick
from twin2multicloud.app.ui.twin.errors.faults import inject
from twin2multicloud.app.ui.twin.parts import Parts


@ft.component
def QuickCard(parts: Parts) -> ft.Control:  # noqa: N802
    """Buttons."""
    session = use_session()

    def to(device: str) -> None:
        session.go(parts.look.at("devices", device=device).path)

    made: list[ft.Control] = [
        buttons.other(tr("Send a command"), lambda: pick(session, parts, to), icon=ft.Icons.SEND_OUTLINED),
        buttons.other(tr("Inject a fault"), lambda: inject(session, parts), icon=ft.Icons.BOLT_OUTLINED),
        buttons.other(
            tr("Verify"),
            lambda: runs.look(session, parts.seen.twin, parts.seen.target, "verify"),
            icon=ft.Icons.VERIFIED_OUTLINED,
        ),
    ]
    return cards.card(ft.Row(made, wrap=True, spacing=GAP, run_spacing=GAP), title=tr("Do"), id="quick")
