"""Signing out: the server forgets the session, and the browser goes to where one signs in."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.ui.language import trn
from twin2multicloud.app.ui.session import Session


def sign_out(session: Session, *, everywhere: bool = False, keys: bool = False) -> None:
    """Sign this browser out, or all of them; with `keys` revoke all one's API keys, too."""

    async def signed_out() -> None:
        if everywhere:
            found = await session.ask(lambda api: api.login.log_out_everywhere(keys=keys))
            if not session.access.as_browser and not keys:
                # Whoever looks with a key goes on by it.
                session.notices.tell(
                    trn("{count} browser is signed out", "{count} browsers are signed out", found.sessions)
                )
                return
        else:
            await session.ask(lambda api: api.login.log_out())
        session.pause()
        await ft.UrlLauncher().launch_url(ft.Url(session.access.sign_out_url, ft.UrlTarget.SELF))

    session.act(signed_out())
