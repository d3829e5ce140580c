"""Keys: one's own, and as an admin everybody's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import flet as ft

from twin2multicloud.app.schemas.keys import Key, NewKey
from twin2multicloud.app.ui import figures, may
from twin2multicloud.app.ui.components import badges, buttons, cards, dialogs, fields, states, tables, text
from twin2multicloud.app.ui.components.pressed import tip
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.people import roles
from twin2multicloud.app.ui.people.key_form import KeyForm
from twin2multicloud.app.ui.people.state import PAGE, Keys, Look, holds, load_keys
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP


@ft.component
def KeysPart(look: Look) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The list; above it a form for a new one, or what a new one is, which is shown this once."""
    session = use_session()
    use_store(session.appearance)
    use_store(session.viewport)
    no_key: NewKey | None = None
    made, set_made = ft.use_state(no_key)
    keys = use_remote(lambda: session.ask(lambda api: load_keys(api, look)), look.listed, refresh_on=Wanted(("key.",)))

    def done(key: NewKey) -> None:
        set_made(key)
        session.go(look.listed.path)
        keys.refresh()

    parts: list[ft.Control] = []
    if made is not None:
        parts.append(_once(session, made, lambda: set_made(no_key)))
    if look.add:
        parts.append(KeyForm(done, lambda: session.go(look.listed.path)))
    else:
        parts.append(_head(session, look))
    parts.append(states.shown(keys, lambda found: _list(session, look, found, keys.refresh), rows=4))
    return ft.Column(parts, spacing=GAP + 6, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _head(session: Session, look: Look) -> ft.Control:
    parts: list[ft.Control] = []
    if "write" in session.me.scopes:
        add = Look(part="keys", add=True).path
        parts.append(buttons.main(tr("New key"), lambda: session.go(add), icon=ft.Icons.ADD))
    parts.append(
        fields.switch(tr("Also those that ended"), look.ended, lambda ended: session.go(look.changed(ended=ended).path))
    )
    if may.administer(session.me):
        parts.append(
            fields.switch(
                tr("Everybody's"),
                look.everything,
                lambda everything: session.go(look.changed(everything=everything).path),
            )
        )
    return ft.Row(parts, wrap=True, spacing=GAP + 4, run_spacing=GAP, vertical_alignment=ft.CrossAxisAlignment.CENTER)


def _once(session: Session, key: NewKey, close: Callable[[], None]) -> ft.Control:
    palette = session.appearance.palette
    return cards.card(
        ft.Column(
            [
                text.body(tr("This is shown once, and kept nowhere. Copy it to where it is used.")),
                ft.Container(
                    text.mono(key.token, selectable=True, size=14),
                    bgcolor=ft.Colors.SURFACE_CONTAINER_HIGHEST,
                    border_radius=8,
                    padding=12,
                ),
                ft.Row(
                    [
                        buttons.copy(tr("Copy"), key.token, lambda: session.notices.tell(tr("The key is copied"))),
                        buttons.quiet(tr("I have it"), close),
                    ],
                    spacing=GAP,
                    wrap=True,
                ),
                text.muted(tr("For the command line: `twin2multicloud login --key`, or T2M_API_KEY in a pipeline.")),
            ],
            spacing=GAP + 2,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
        title=tr("The key “{name}”", name=key.name),
        beside=[badges.pill(tr("shown once"), palette.warn, sign="▲")],
        id="new-key",
    )


def _list(session: Session, look: Look, found: Keys, changed: Callable[[], None]) -> ft.Control:
    if not found.keys.items:
        return states.nothing(
            tr("No keys that hold") if not look.ended else tr("No keys yet"),
            hint=tr("Command lines and pipelines call the API with keys. `twin2multicloud login` makes one by itself."),
            icon=ft.Icons.KEY_OUTLINED,
        )
    now = session.now()
    places_known = {each.id: each.name for each in session.me.workspaces}
    shown: list[tables.Column[Key]] = [
        tables.Column(tr("Key"), _named, share=4, main=True),
        tables.Column(
            tr("May"), lambda key: text.body(", ".join(roles.scope_word(each) for each in key.scopes)), share=3
        ),
        tables.Column(
            tr("Where"),
            lambda key: text.muted(
                places_known.get(key.workspace, key.workspace) if key.workspace else tr("everywhere")
            ),
            share=2,
            wide_only=True,
        ),
        tables.Column(
            tr("Used"), lambda key: text.muted(figures.since(key.last_used_at, now)), share=2, wide_only=True
        ),
        tables.Column(tr("Ends"), lambda key: _ends(session, key), share=3),
        tables.Column("", lambda key: _revoke(session, key, changed), share=1, number=True),
    ]
    if look.everything:
        shown.insert(1, tables.Column(tr("Whose"), lambda key: text.body(found.names.get(key.user, key.user)), share=2))
    table = tables.table(
        shown,
        found.keys.items,
        narrow=session.viewport.narrow,
        wide=session.viewport.wide,
        label=tr("Keys"),
    )
    turner = tables.turner(look.trail, PAGE, found.keys, lambda trail: session.go(look.turned(trail).path))
    return ft.Column([table, *turner], spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _named(key: Key) -> ft.Control:
    return ft.Column(
        [
            text.strong(key.name, max_lines=1, overflow=ft.TextOverflow.ELLIPSIS),
            text.mono(f"{key.prefix}…", color=ft.Colors.ON_SURFACE_VARIANT),
        ],
        spacing=1,
        tight=True,
    )


def _ends(session: Session, key: Key) -> ft.Control:
    palette, now = session.appearance.palette, session.now()
    if key.revoked_at is not None:
        return badges.pill(tr("revoked {age}", age=figures.since(key.revoked_at, now)), palette.bad, sign="■")
    if not holds(key, now):
        return badges.pill(tr("ended {age}", age=figures.since(key.expires_at, now)), palette.unknown, sign="○")
    if key.expires_at is None:
        return text.muted(tr("never"))
    left = figures.age((key.expires_at - now).total_seconds())
    return text.muted(tr("in {age}", age=left), tooltip=tip(figures.day_and_time(key.expires_at)))


def _revoke(session: Session, key: Key, changed: Callable[[], None]) -> ft.Control:
    if not holds(key, session.now()) or "write" not in session.me.scopes:
        return ft.Container()

    def revoke() -> None:
        async def revoked() -> None:
            await session.ask(lambda api: api.keys.revoke(key.id))
            session.notices.tell(tr("The key “{name}” holds no more", name=key.name))
            changed()

        session.act(revoked())

    ask = partial(
        dialogs.confirm,
        session,
        tr("Revoke the key “{name}”?", name=key.name),
        tr("Whatever uses it stops working at once, and so do the keys that were made with it."),
        tr("Revoke"),
        revoke,
        dangerous=True,
    )
    return buttons.icon(ft.Icons.DELETE_OUTLINE, tr("Revoke {name}", name=key.name), ask)
