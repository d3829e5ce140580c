"""A page of the front end, from when a browser has opened it until it is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from typing import Final

import flet as ft

from twin2multicloud.app.ui import language, preferences, quicker, theme
from twin2multicloud.app.ui.access import Access
from twin2multicloud.app.ui.alerting import Alerting
from twin2multicloud.app.ui.gateway import Gateway
from twin2multicloud.app.ui.live import Live
from twin2multicloud.app.ui.notices import Notices
from twin2multicloud.app.ui.preferences import Preferences
from twin2multicloud.app.ui.root import Root
from twin2multicloud.app.ui.session import Session, keep
from twin2multicloud.app.ui.theme import Appearance
from twin2multicloud.app.ui.viewport import Viewport
from twin2multicloud.model.errors import Twin2MultiCloudError

NAME: Final = "Twin2MultiCloud"
_KEPT_WITHIN_S: Final = 2.0
_LANGUAGE: Final = "twin2multicloud.language"
_MODES: Final = {"system": ft.ThemeMode.SYSTEM, "light": ft.ThemeMode.LIGHT, "dark": ft.ThemeMode.DARK}


async def session(page: ft.Page, access: Access) -> None:
    """Show the front end in a browser's window."""
    assert page.executor is not None, "a page has a connection when it is opened"
    await open_page(page, access, page.executor)


async def open_page(
    page: ft.Page, access: Access, executor: Executor, closed: Callable[[], Awaitable[None]] | None = None
) -> None:
    """Show the view that the page's address names, to whoever `access` is of. `executor` makes the API's calls;
    `closed` is called when the page is gone.
    """
    quicker.install()
    session = _session(page, access, executor)
    keep(session)

    async def close(_: object) -> None:
        session.close()
        if closed is not None:
            await closed()

    page.title = NAME
    page.padding = 0
    page.theme = theme.material(theme.LIGHT)
    page.dark_theme = theme.material(theme.DARK)
    page.on_resize = lambda event: session.viewport.resize(event.width)
    page.on_platform_brightness_change = lambda _: _appear(session)
    page.on_connect = lambda _: _come_back(session)
    page.on_disconnect = lambda _: session.pause()
    page.on_close = close
    await asyncio.gather(_recall(session), _catch_up(session))
    _speak(session)
    session.preferences.watch(lambda: _appear(session))
    session.preferences.watch(lambda: page.render(Root) if _speak(session) else None)
    session.preferences.watch(lambda: session.act(_remember(session)))
    _appear(session)
    session.begin()
    page.render(Root)


def _session(page: ft.Page, access: Access, executor: Executor) -> Session:
    def signed_out() -> None:
        page.run_task(ft.UrlLauncher().launch_url, ft.Url(access.sign_in_url(page.route), ft.UrlTarget.SELF))

    api = Gateway(access.client(), executor, signed_out)
    live, notices = Live(access.events), Notices()
    return Session(
        page=page,
        access=access,
        api=api,
        live=live,
        notices=notices,
        alerting=Alerting(api, live, notices, page.navigate, lambda: page.route),
        preferences=Preferences(),
        appearance=Appearance(),
        viewport=Viewport(page.width or 1_280),
    )


def _speak(session: Session) -> bool:
    """Have all texts be in the chosen language; whether that is another one than before."""
    wanted = session.preferences.choices.language
    store = session.page.session.store
    if wanted == (store.get(_LANGUAGE) or language.ENGLISH):
        return False
    store.set(_LANGUAGE, wanted)
    store.set(language.KEY, language.translations(wanted))
    return True


def _come_back(session: Session) -> None:
    """Go on in a window that may be another size, or on a machine that turned dark, since it was left."""
    if session.page.width:
        session.viewport.resize(session.page.width)
    _appear(session)
    session.begin()


def _appear(session: Session) -> None:
    chosen = session.preferences.choices.brightness
    session.appearance.become(chosen, session.page.platform_brightness is ft.Brightness.DARK)
    session.page.theme_mode = _MODES[chosen]
    session.page.update()


async def _catch_up(session: Session) -> None:
    """What has happened so far is in what views load; the stream tells what comes after it."""
    try:
        newest = await session.ask(lambda api: list(api.events.list(newest=True, limit=1)))
    except Twin2MultiCloudError:
        return  # views say what is wrong, and the stream begins from when it can
    session.live.seen = newest[0].id if newest else 0


async def _recall(session: Session) -> None:
    """Preferences from the browser, which may not let us keep any."""
    try:
        kept = await asyncio.wait_for(ft.SharedPreferences().get(preferences.KEY), _KEPT_WITHIN_S)
    except (TimeoutError, RuntimeError):
        return
    session.preferences.read(kept if isinstance(kept, str) else None)


async def _remember(session: Session) -> None:
    await ft.SharedPreferences().set(preferences.KEY, session.preferences.written())
