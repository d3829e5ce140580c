"""Dialogs: what is asked before something is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import flet as ft
from flet.components.component import Renderer

from twin2multicloud.app.ui.components import buttons, fields, text
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP

_WIDTH = 480


def show(
    session: Session, title: str, content: ft.Control, actions: Sequence[ft.Control], *, width: int = _WIDTH
) -> None:
    """Show a dialog. Escape and a click beside it close it."""
    session.page.show_dialog(
        ft.AlertDialog(
            title=_title(title),
            semantics_label=title,
            content=ft.Container(content, width=width),
            actions=list(actions),
            scrollable=True,
        )
    )


def show_live(session: Session, title: str, content: Callable[[], ft.Control], *, width: int = _WIDTH) -> None:
    """Show a dialog that changes while it is open: `content` makes a component, which has its own buttons."""
    made: ft.Control = Renderer().render(content)  # a component, which Flet takes for a control
    session.page.show_dialog(
        ft.AlertDialog(
            title=_title(title),
            semantics_label=title,
            content=ft.Container(made, width=width),
            scrollable=True,
        )
    )


def _title(said: str) -> ft.Control:
    # Its name is read out when it opens; that there is a heading, too, is for whoever looks around in it.
    return text.heading(said, 18, 2)


def choices(*actions: ft.Control) -> ft.Control:
    """The buttons of a dialog that changes."""
    return ft.Row(list(actions), alignment=ft.MainAxisAlignment.END, wrap=True, spacing=GAP, run_spacing=GAP)


def close(session: Session) -> None:
    """Close the dialog that is open. What is told at the bottom of the screen is none, and stays."""
    shown = (each for each in reversed(session.page._dialogs.controls) if isinstance(each, ft.AlertDialog))
    dialog = next((each for each in shown if each.open), None)
    if dialog is not None:
        dialog.open = False
        dialog.update()


def confirm(
    session: Session,
    title: str,
    message: str,
    label: str,
    agreed: Callable[[], None],
    *,
    dangerous: bool = False,
    details: ft.Control | None = None,
) -> None:
    """Ask whether to go on."""

    def go_on() -> None:
        close(session)
        agreed()

    parts: list[ft.Control] = [text.body(message)]
    if details is not None:
        parts.append(details)
    button = buttons.danger if dangerous else buttons.main
    show(
        session,
        title,
        ft.Column(parts, spacing=GAP + 4, tight=True),
        [buttons.quiet(tr("Cancel"), lambda: close(session)), button(label, go_on)],
    )


def confirm_typed(
    session: Session,
    title: str,
    message: str,
    word: str,
    label: str,
    agreed: Callable[[], None],
    *,
    details: ft.Control | None = None,
) -> None:
    """Ask for a word before something that cannot be undone."""
    go = ft.FilledButton(label, disabled=True, style=ft.ButtonStyle(bgcolor=ft.Colors.ERROR, color=ft.Colors.SURFACE))

    def typed(given: str) -> None:
        go.disabled = given.strip() != word
        go.update()

    def go_on() -> None:
        close(session)
        agreed()

    go.on_click = lambda _: go_on()
    show(
        session,
        title,
        ft.Column(
            [
                text.body(message),
                *([details] if details is not None else []),
                fields.line(tr("Type “{word}” to go on", word=word), "", typed, autofocus=True),
            ],
            spacing=GAP + 8,
            tight=True,
        ),
        [buttons.quiet(tr("Cancel"), lambda: close(session)), go],
    )


def prompt(
    session: Session,
    title: str,
    label: str,
    value: str,
    go_label: str,
    given: Callable[[str], None],
    *,
    message: str = "",
    hint: str | None = None,
) -> None:
    """Ask for a line of text; nothing is not taken for an answer."""
    written = value
    go = ft.FilledButton(go_label, disabled=not value.strip())

    def typed(line: str) -> None:
        nonlocal written
        written = line
        go.disabled = not line.strip()
        go.update()

    def go_on() -> None:
        if written.strip():
            close(session)
            given(written.strip())

    go.on_click = lambda _: go_on()
    field = fields.line(label, value, typed, hint=hint, done=lambda _: go_on(), autofocus=True)
    parts: list[ft.Control] = [text.body(message), field] if message else [field]
    show(
        session,
        title,
        ft.Column(parts, spacing=GAP + 8, tight=True),
        [buttons.quiet(tr("Cancel"), lambda: close(session)), go],
    )
