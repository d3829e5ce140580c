"""An editor of code, in our colours."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import flet as ft
import flet_code_editor as fce

from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.new_twin.desk import Desk
from twin2multicloud.app.ui.new_twin.steady import Steady
from twin2multicloud.app.ui.theme import MONO


@ft.component
def Code(  # noqa: N802  components are named as Flet's controls are
    desk: Desk,
    label: str,
    value: str,
    changed: Callable[[str], None],
    *,
    language: fce.CodeLanguage,
    issues: Mapping[int, str] | None = None,
    height: int = 560,
) -> ft.Control:
    """Code that is written. `issues` are what is wrong in which line, counted from 1."""
    session = use_session()
    use_store(session.appearance)
    steady: Steady = ft.use_memo(Steady, [])

    def typed(event: ft.Event[fce.CodeEditor]) -> None:
        given = event.control.value or ""
        steady.typed(given)
        changed(given)

    theme = fce.CodeTheme.ATOM_ONE_DARK if session.appearance.dark else fce.CodeTheme.ATOM_ONE_LIGHT
    return ft.Semantics(
        label=label,
        identifier="code",
        container=True,
        content=ft.Container(
            steady.shown(
                fce.CodeEditor(
                    value=steady.value(value),
                    language=language,
                    code_theme=theme,
                    text_style=ft.TextStyle(font_family=MONO, size=13, height=1.4),
                    # Handles have no name for screen readers, and this code is short.
                    gutter_style=fce.GutterStyle(show_folding_handles=False),
                    issues=[
                        fce.Issue(line=line - 1, message=problem, type=fce.IssueType.ERROR)
                        for line, problem in (issues or {}).items()
                    ],
                    on_change=typed,
                    on_focus=lambda _: desk.typing(True),
                    on_blur=lambda _: desk.typing(False),
                    expand=True,
                )
            ),
            height=height,
            border=ft.Border.all(1, ft.Colors.OUTLINE_VARIANT),
            border_radius=8,
            clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
        ),
    )
