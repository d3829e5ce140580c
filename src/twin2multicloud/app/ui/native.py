"""The front end as an app of its own, on a desk or a phone: what `flet run` and `flet build` start (see docs/ui.md).

Other than in a browser nobody is signed in there yet. The app asks where to sign in, and keeps its key in the system's
keyring.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import flet as ft

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.client.http import Http
from twin2multicloud.app.errors import UnauthenticatedError
from twin2multicloud.app.schemas.login import Me
from twin2multicloud.app.ui import theme
from twin2multicloud.app.ui.access import Access
from twin2multicloud.app.ui.failures import Failure
from twin2multicloud.app.ui.main import NAME, open_page
from twin2multicloud.app.ui.sign_in.state import Kept, Keyring, SignIn
from twin2multicloud.app.ui.sign_in.view import SignInScreen
from twin2multicloud.model.errors import Twin2MultiCloudError

_AT_ONCE: Final = 8
_SERVER: Final = "twin2multicloud.server"
_KEY: Final = "twin2multicloud.key"


class SystemKeyring:
    """The system's keyring: Keychain, Keystore, Secret Service, Credential Manager."""

    def __init__(self) -> None:
        from flet_secure_storage import SecureStorage  # with the apps only

        self._storage = SecureStorage()

    async def read(self) -> Kept | None:
        """As `Keyring.read`."""
        server, key = await self._storage.get(_SERVER), await self._storage.get(_KEY)
        return Kept(server, key) if isinstance(server, str) and isinstance(key, str) else None

    async def write(self, kept: Kept) -> None:
        """As `Keyring.write`."""
        await self._storage.set(_SERVER, kept.server)
        await self._storage.set(_KEY, kept.key)

    async def forget(self) -> None:
        """As `Keyring.forget`."""
        await self._storage.remove(_KEY)
        await self._storage.remove(_SERVER)


async def main(page: ft.Page) -> None:
    """An app's page."""
    await open_app(page, SystemKeyring())


async def open_app(page: ft.Page, keyring: Keyring) -> None:
    """Show the front end, once somebody is signed in."""
    executor = ThreadPoolExecutor(_AT_ONCE, "api")
    page.title = NAME
    page.padding = 0
    page.fonts = {theme.MONO: "fonts/Mono.woff2"}
    page.theme, page.dark_theme = theme.material(theme.LIGHT), theme.material(theme.DARK)

    async def signed_in(kept: Kept) -> None:
        me = await asyncio.get_running_loop().run_in_executor(executor, _me, kept)
        await keyring.write(kept)
        access = Access(me, kept.server, key=kept.key)
        await open_page(page, access, executor, access.close)

    sign_in = SignIn(f"{NAME} app", executor, signed_in)
    kept = await keyring.read()
    if kept is not None:
        try:
            await signed_in(kept)
            return
        except UnauthenticatedError:
            await keyring.forget()
        except Twin2MultiCloudError as error:
            sign_in.failure = Failure.of(error)
        sign_in.server = kept.server
    page.render(SignInScreen, sign_in)


def _me(kept: Kept) -> Me:
    with Client(Http(kept.server, key=kept.key)) as client:
        return client.login.me()


if __name__ == "__main__":
    ft.run(main, assets_dir="assets")
