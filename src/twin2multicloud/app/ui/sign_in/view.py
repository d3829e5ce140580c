"""The screen that asks where to sign in, and shows the code to agree to."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.schemas.login import DeviceStarted
from twin2multicloud.app.ui.components import buttons, cards, fields, states, text
from twin2multicloud.app.ui.hooks import use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.sign_in.state import SignIn
from twin2multicloud.app.ui.theme import GAP


@ft.component
def SignInScreen(sign_in: SignIn) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """Where, and then the code."""
    use_store(sign_in)
    typed, set_typed = ft.use_state(sign_in.server or "https://")
    parts: list[ft.Control] = [text.title("Twin2MultiCloud")]
    if sign_in.started is not None:
        parts += _agree(sign_in, sign_in.started)
    else:
        parts += [
            text.body(tr("Which server has your twins?")),
            fields.line(tr("Server"), typed, set_typed, done=sign_in.begin, autofocus=True),
            buttons.main(
                tr("Asking…") if sign_in.busy else tr("Sign in"),
                None if sign_in.busy else lambda: sign_in.begin(typed),
                icon=ft.Icons.LOGIN,
            ),
        ]
    if sign_in.failure is not None:
        parts.append(states.failed(sign_in.failure))
    return ft.Container(
        cards.card(ft.Column(parts, spacing=GAP + 6, tight=True), width=440, id="sign-in", padding=24),
        alignment=ft.Alignment.CENTER,
        expand=True,
        padding=16,
    )


def _agree(sign_in: SignIn, started: DeviceStarted) -> list[ft.Control]:
    page = ft.context.page

    def browse() -> None:
        page.run_task(ft.UrlLauncher().launch_url, started.verification_uri_complete)

    return [
        text.body(tr("Agree to this code in a browser that is signed in there:")),
        text.named("code", text.strong(started.user_code, size=28, selectable=True)),
        text.muted(started.verification_uri, selectable=True),
        ft.Row(
            [
                buttons.main(tr("Open the browser"), browse, icon=ft.Icons.OPEN_IN_NEW),
                buttons.quiet(tr("Cancel"), sign_in.stop),
            ],
            spacing=GAP,
        ),
        ft.Row([ft.ProgressRing(width=16, height=16), text.muted(tr("Waiting for your agreement"))], spacing=GAP),
    ]
