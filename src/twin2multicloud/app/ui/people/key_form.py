"""The form for a new key: for what, where, for how long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, get_args

import flet as ft

from twin2multicloud.app.schemas.keys import DEFAULT_DAYS, LONGEST_DAYS, KeyInput, NewKey, ScopeName
from twin2multicloud.app.ui.components import buttons, cards, fields, states, text
from twin2multicloud.app.ui.failures import Failure
from twin2multicloud.app.ui.hooks import use_session
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.theme import GAP

_DAYS: Final = (7, 30, DEFAULT_DAYS, LONGEST_DAYS)
_SCOPES: Final[tuple[ScopeName, ...]] = get_args(ScopeName)


@ft.component
def KeyForm(done: Callable[[NewKey], None], cancel: Callable[[], None]) -> ft.Control:  # noqa: N802  as Flet's are
    """`done` is called with the key that was made."""
    session = use_session()
    me = session.me
    allowed = [scope for scope in _SCOPES if scope in me.scopes and (scope != "admin" or me.admin)]
    name, set_name = ft.use_state("")
    scopes, set_scopes = ft.use_state(frozenset({"read"}))
    place, set_place = ft.use_state("")
    days, set_days = ft.use_state(str(DEFAULT_DAYS))
    problem, set_problem = ft.use_state("")
    no_failure: Failure | None = None
    failure, set_failure = ft.use_state(no_failure)
    busy, set_busy = ft.use_state(False)

    def make() -> None:
        set_problem("" if name.strip() else tr("is needed"))
        if busy or not name.strip() or not scopes:
            return
        wanted: list[ScopeName] = [scope for scope in allowed if scope in scopes]
        given = KeyInput(name=name.strip(), scopes=wanted, workspace=place or None, days=int(days))

        async def made() -> None:
            set_busy(True)
            set_failure(no_failure)
            try:
                key = await session.ask(lambda api: api.keys.create(given))
            finally:
                set_busy(False)
            done(key)

        session.act(made(), failed=set_failure)

    words = {
        "read": tr("read: look"),
        "write": tr("write: change twins, people, accounts"),
        "run": tr("run: deploy, move, destroy, acknowledge"),
        "admin": tr("admin: look after the installation"),
    }
    parts: list[ft.Control] = [] if failure is None else [states.failed(failure)]
    parts += [
        fields.line(
            tr("Name: what uses it"), name, set_name, problem=problem or None, hint="ci", done=lambda _: make()
        ),
        text.body(tr("What it may be used for")),
        fields.chips(
            tr("What it may be used for"),
            {scope: words[scope] for scope in allowed},
            scopes,
            lambda scope: set_scopes(scopes ^ {scope}),
        ),
        ft.Row(
            [
                ft.Container(
                    fields.choice(
                        tr("Where"),
                        place,
                        {"": tr("everywhere that you are"), **{each.id: each.name for each in me.workspaces}},
                        set_place,
                    ),
                    width=240,
                ),
                ft.Container(
                    fields.choice(
                        tr("Ends after"),
                        days,
                        {str(each): trn("{count} day", "{count} days", each) for each in _DAYS},
                        set_days,
                    ),
                    width=160,
                ),
            ],
            wrap=True,
            spacing=GAP + 4,
            run_spacing=GAP,
        ),
        text.muted(tr("It may do at most what you may, there and then: with your role, it loses what it may.")),
        ft.Row(
            [
                buttons.main(
                    tr("Making…") if busy else tr("Make the key"),
                    None if busy or not scopes else make,
                    icon=ft.Icons.KEY_OUTLINED,
                ),
                buttons.quiet(tr("Cancel"), cancel),
            ],
            spacing=GAP,
        ),
    ]
    return cards.card(
        ft.Column(parts, spacing=GAP + 6, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        title=tr("New key"),
        id="key-form",
    )
