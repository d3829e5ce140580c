"""The form for an account: adding one, or giving one other settings or credentials."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import flet as ft

from twin2multicloud.app.schemas.connections import Connection
from twin2multicloud.app.ui.components import badges, buttons, cards, fields, states, text
from twin2multicloud.app.ui.components.files import Picked, pick_button, use_picker
from twin2multicloud.app.ui.connections.state import Form, send
from twin2multicloud.app.ui.connections.variants import Field, variants
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.shell.screen import columns
from twin2multicloud.app.ui.theme import GAP

_MOST_BYTES: Final = 48 * 1024
"""Of a certificate or key file, which the API takes as base64 of at most 64 KiB."""


@ft.component
def ConnectionForm(  # noqa: N802  components are named as Flet's controls are
    form: Form, workspace: str, done: Callable[[Connection], None], cancel: Callable[[], None]
) -> ft.Control:
    """The form, and beside it how to get what it asks for. `done` is called with the connection that was kept."""
    session = use_session()
    use_store(session.appearance)
    use_store(session.viewport)
    use_store(form)
    picking: ft.Ref[Field] = ft.use_memo(ft.Ref, [])

    def came(files: Sequence[Picked]) -> None:
        field = picking.current
        content = files[0].content
        if field is not None and field.kind == "file":
            form.fill_file(field.path, base64.b64encode(content).decode(), files[0].name)
        elif field is not None:
            form.fill_file(field.path, content.decode(errors="replace"), files[0].name)

    def refused(why: str) -> None:
        field = picking.current
        if field is not None:
            form.problems[field.path] = why
            form.changed()

    picker = use_picker(came, refused, most_bytes=_MOST_BYTES)
    picking.current = next((each for each in form.variant.secrets if each.kind in ("file", "lines")), None)

    def save() -> None:
        made = form.document()
        if made is None or form.busy:
            return
        form.begin()

        async def sent() -> None:
            kept = await session.ask(lambda api: send(api, workspace, form, made))
            form.forget()
            done(kept)

        session.act(sent(), failed=form.failed)

    card = cards.card(
        _fields(form, picker, save, cancel),
        title=_title(form),
        beside=[badges.cloud(form.provider, session.appearance.palette)],
        id="connection-form",
    )
    if not form.with_secrets:
        return card
    return columns(session, [card], [_help(form)])


def _title(form: Form) -> str:
    if form.there is None:
        return tr("New connection to {cloud}", cloud=form.provider.label)
    if form.change == "settings":
        return tr("Settings of {name}", name=form.there.name)
    return tr("Other credentials for {name}", name=form.there.name)


def _fields(form: Form, picker: ft.FilePicker, save: Callable[[], None], cancel: Callable[[], None]) -> ft.Control:
    parts: list[ft.Control] = []
    if form.failure is not None:
        parts.append(states.failed(form.failure))
    if form.there is not None and form.with_secrets:
        parts.append(
            text.muted(
                tr("What was kept is shown to nobody, not to you either: give all of it anew. Twins go on with it.")
            )
        )
    ways = {each.key: each.label for each in variants(form.provider)}
    if form.with_secrets:
        parts.append(fields.choice(tr("How it signs in"), form.variant.key, ways, form.choose))
    parts.append(_line(form, Field("name", tr("Name, as people here call it"), tr("production"))))
    parts += [_line(form, each) for each in form.variant.config]
    if form.with_secrets:
        parts += [_secret(form, each, picker) for each in form.variant.secrets]
        parts.append(
            _locked(tr("Credentials are encrypted, and go into the environment of a run only. Nobody reads them back."))
        )
    label = tr("Saving…") if form.busy else tr("Save")
    parts.append(
        ft.Row(
            [
                buttons.main(label, None if form.busy else save, icon=ft.Icons.CHECK),
                buttons.quiet(tr("Cancel"), cancel),
            ],
            spacing=GAP,
        )
    )
    return ft.Column(parts, spacing=GAP + 6, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _locked(said: str) -> ft.Control:
    """A remark with a lock before it."""
    return ft.Row(
        [
            ft.Icon(ft.Icons.LOCK_OUTLINE, size=16, color=ft.Colors.ON_SURFACE_VARIANT),
            ft.Container(text.muted(said), expand=True),
        ],
        spacing=6,
    )


def _line(form: Form, field: Field, *, secret: bool = False) -> ft.Control:
    return fields.line(
        field.label,
        form.values.get(field.path, ""),
        partial(form.fill, field.path),
        hint=field.hint or None,
        problem=form.problems.get(field.path),
        secret=secret,
        autocorrect=False,
        enable_suggestions=False,
    )


def _secret(form: Form, field: Field, picker: ft.FilePicker) -> ft.Control:
    if field.kind == "secret":
        return _line(form, field, secret=True)
    named = form.files.get(field.path)
    button = pick_button(
        tr("Choose the file…"),
        picker,
        extensions=("pfx", "p12") if field.kind == "file" else ("json",),
        busy=form.busy,
    )
    shown: list[ft.Control] = [button, text.muted(named or tr("no file chosen"))]
    parts: list[ft.Control] = [text.body(field.label), ft.Row(shown, spacing=GAP, wrap=True)]
    if field.kind == "lines" and named is None:
        parts.append(
            fields.lines(
                tr("… or paste its content"),
                form.values.get(field.path, ""),
                partial(form.fill, field.path),
                rows=3,
                autocorrect=False,
                enable_suggestions=False,
            )
        )
    problem = form.problems.get(field.path)
    if problem is not None:
        parts.append(text.muted(problem, color=ft.Colors.ERROR))
    return ft.Column(parts, spacing=6, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _help(form: Form) -> ft.Control:
    steps: list[ft.Control] = [
        ft.Row(
            [
                ft.Container(text.muted(f"{number}."), width=20),
                ft.Container(text.body(step, selectable=True), expand=True),
            ],
            vertical_alignment=ft.CrossAxisAlignment.START,
            spacing=4,
        )
        for number, step in enumerate(form.variant.steps, 1)
    ]
    steps.append(
        text.muted(tr("After saving, “Check” signs in and looks whether it suffices. Nothing is changed there."))
    )
    return cards.card(ft.Column(steps, spacing=GAP + 2, tight=True), title=tr("How to get this"), id="connection-help")


def use_form(make: Callable[[], Form], *key: str) -> Form:
    """A form of the screen's own, made anew when what it is for changes."""
    return ft.use_memo(make, list(key))
