"""The keys that there are, and a button that lists them: "?" presses it (assets/keyboard.js)."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.ui.components import buttons, dialogs, text
from twin2multicloud.app.ui.components.facts import Fact, facts
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP

BUTTON = "keys"
"""What the button is found by."""
_KEY_PX = 80


def keys() -> ft.Control:
    """Each with what it does."""
    known: list[Fact] = [
        ("/", tr("to the field that a list is searched by, or else filtered by")),
        ("?", tr("this list of keys, on a desk")),
        ("Tab", tr("to the next field or button; with Shift back; in code: indent")),
        ("Enter", tr("press, open, or send the field")),
        ("Space", tr("press, tick, switch")),
        ("Escape", tr("close a dialog or menu; then Tab leads out of code")),
        ("↑ ↓", tr("move in a menu; move a slider with ← →")),
        (tr("Ctrl Z"), tr("undo in a definition; with Shift redo")),
        ("Alt ←", tr("back to the view before")),
    ]
    return ft.Column(
        [
            facts(known, name_px=_KEY_PX),
            text.muted(tr("Screen readers: the first Tab, or the button “Enable accessibility”, has the page told.")),
        ],
        spacing=GAP + 2,
        tight=True,
    )


def button(session: Session) -> ft.Control:
    """Shows them in a dialog."""
    shown = buttons.icon(ft.Icons.KEYBOARD_OUTLINED, tr("Keys on the keyboard"), lambda: _show(session))
    return text.named(BUTTON, shown)


def _show(session: Session) -> None:
    dialogs.show(session, tr("Keyboard"), keys(), [buttons.quiet(tr("Close"), lambda: dialogs.close(session))])
