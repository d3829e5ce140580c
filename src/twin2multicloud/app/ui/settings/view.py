"""Settings: how it looks, in which currency and language; what this is; and its keys on the keyboard."""

from __future__ import annotations

import flet as ft

from twin2multicloud import __version__
from twin2multicloud.app.ui import language
from twin2multicloud.app.ui.components import buttons, cards, fields, text
from twin2multicloud.app.ui.components.facts import Fact, facts
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.preferences import Brightness
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.settings.state import OTHER, SYMBOLS, read
from twin2multicloud.app.ui.shell import keys
from twin2multicloud.app.ui.shell.screen import Crumb, columns, screen
from twin2multicloud.app.ui.theme import GAP


@ft.component
def SettingsScreen() -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """All settings. They belong to this browser."""
    session = use_session()
    use_store(session.viewport)
    use_store(session.preferences)
    return screen(
        session,
        [Crumb(tr("Settings"))],
        columns(
            session,
            [_appearance(session), CurrencyCard(), _language(session)],
            [_about(session), _keyboard()],
            ratio=55,
        ),
        id="settings",
    )


def _appearance(session: Session) -> ft.Control:
    def choose(chosen: str) -> None:
        known: dict[str, Brightness] = {"system": "system", "light": "light", "dark": "dark"}
        session.preferences.choose(brightness=known[chosen])

    options = {"system": tr("as this machine is"), "light": tr("light"), "dark": tr("dark")}
    return cards.card(
        ft.Column(
            [
                ft.Container(
                    fields.choice(tr("Brightness"), session.preferences.choices.brightness, options, choose), width=280
                ),
                text.muted(tr("Kept in this browser.")),
            ],
            spacing=GAP,
            tight=True,
        ),
        title=tr("Appearance"),
        id="appearance",
    )


@ft.component
def CurrencyCard() -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """In which currency money is shown."""
    session = use_session()
    now = session.preferences.choices.currency
    today = session.now().date()
    listed = now.code if now.code in SYMBOLS else OTHER
    chosen, set_chosen = ft.use_state(listed)
    code, set_code = ft.use_state(now.code)
    rate, set_rate = ft.use_state(f"{now.per_usd:g}" if now.converted else "")
    day, set_day = ft.use_state(now.as_of or today.isoformat())
    none: dict[str, str] = {}
    problems, set_problems = ft.use_state(none)

    def choose(given: str) -> None:
        set_chosen(given)
        set_problems(none)
        if given != OTHER:
            set_code(given)
        if given == "USD":
            session.preferences.choose(currency=read("USD", "", "", today).currency)

    def save() -> None:
        found = read(code, rate, day, today)
        set_problems(dict(found.problems))
        if found.currency is not None:
            session.preferences.choose(currency=found.currency)
            session.notices.tell(tr("Money is shown in {code}", code=found.currency.code))

    options = {each: each for each in SYMBOLS} | {OTHER: tr("another one…")}
    parts: list[ft.Control] = [
        ft.Container(fields.choice(tr("Currency"), chosen, options, choose), width=280),
    ]
    if chosen != "USD":
        if chosen == OTHER:
            parts.append(
                ft.Container(
                    fields.line(tr("Its code"), code, set_code, hint="NOK", problem=problems.get("code")), width=280
                )
            )
        parts += [
            ft.Row(
                [
                    ft.Container(
                        fields.line(
                            tr("1 USD is"), rate, set_rate, unit=code, hint="0.92", problem=problems.get("rate")
                        ),
                        width=170,
                    ),
                    ft.Container(
                        fields.line(tr("on"), day, set_day, hint=today.isoformat(), problem=problems.get("day")),
                        width=170,
                    ),
                    buttons.main(tr("Use this rate"), save),
                ],
                wrap=True,
                spacing=GAP,
                run_spacing=GAP,
                vertical_alignment=ft.CrossAxisAlignment.START,
            ),
        ]
    parts.append(
        text.muted(
            tr(
                "Clouds charge in USD, and all is calculated in USD. Another currency is for reading only: amounts are "
                "converted at your rate, and marked with ≈."
            )
        )
    )
    return cards.card(ft.Column(parts, spacing=GAP + 4, tight=True), title=tr("Currency"), id="currency")


def _language(session: Session) -> ft.Control:
    known = dict(language.languages())
    now = session.preferences.choices.language
    parts: list[ft.Control] = [
        ft.Container(
            fields.choice(
                tr("Language"),
                now if now in known else language.ENGLISH,
                known,
                lambda chosen: session.preferences.choose(language=chosen),
            ),
            width=280,
        )
    ]
    if len(known) == 1:
        parts.append(
            text.muted(tr("There is English only so far. A catalogue that is put beside the program is listed here."))
        )
    return cards.card(ft.Column(parts, spacing=GAP, tight=True), title=tr("Language"), id="language")


def _about(session: Session) -> ft.Control:
    server = session.access.public_url
    known: list[Fact] = [
        (tr("Program"), f"Twin2MultiCloud {__version__}"),
        (tr("Server"), server),
        (tr("Signed in as"), session.me.email or session.me.name),
        (tr("Licence"), "Apache-2.0"),
    ]
    reference = ft.OutlinedButton(
        tr("API reference (OpenAPI)"),
        icon=ft.Icons.OPEN_IN_NEW,
        action=ft.OpenUrl(f"{server}/api/v1/openapi.json", target=ft.UrlTarget.BLANK),
    )
    return cards.card(
        ft.Column(
            [facts(known, name_px=110), reference],
            spacing=GAP + 6,
            tight=True,
        ),
        title=tr("About"),
        id="about",
    )


def _keyboard() -> ft.Control:
    return cards.card(keys.keys(), title=tr("Keyboard"), id="keyboard")
