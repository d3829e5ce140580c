"""The whole definition as text, for those who would rather write it."""

from __future__ import annotations

import flet as ft
import flet_code_editor as fce

from twin2multicloud.app.ui.components import cards, text
from twin2multicloud.app.ui.hooks import use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.new_twin.code import Code
from twin2multicloud.app.ui.new_twin.desk import Desk
from twin2multicloud.app.ui.theme import GAP

_LANGUAGES = {"yaml": fce.CodeLanguage.YAML, "json": fce.CodeLanguage.JSON, "toml": fce.CodeLanguage.INI}


@ft.component
def TextSection(desk: Desk) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The definition's text."""
    editor = use_store(desk.editor)
    checks = use_store(desk.checks)
    findings = [] if checks.value is None else checks.value.findings
    form = editor.written.format or "yaml"
    return cards.card(
        ft.Column(
            [
                text.muted(tr("The form and this text are the same: what you change in one is in the other.")),
                Code(
                    desk,
                    tr("Definition"),
                    editor.written.text,
                    editor.write,
                    language=_LANGUAGES[form],
                    issues={each.line: each.problem for each in findings if each.line is not None},
                ),
            ],
            spacing=GAP,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
        title=tr("Text ({format})", format=form.upper()),
        id="text-section",
    )
