"""How a session of the front end calls the API, and as whom.

Where the front end is served beside the API, it calls as the browser that it shows itself in: with that browser's
session, so that people may here what they may there. Served from a person's own machine (`twin2multicloud ui`), it
calls by their key.
"""

from __future__ import annotations

from functools import cached_property
from urllib.parse import quote

from twin2multicloud.app.client.async_events import AsyncEvents
from twin2multicloud.app.client.async_http import AsyncHttp
from twin2multicloud.app.client.callers import BrowserSession
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.client.http import Http
from twin2multicloud.app.client.login import Login
from twin2multicloud.app.schemas.login import Me


class Access:
    """One session's way to the API. `me` is who it was when the session began, or was taken up again.

    `public_url` is where the API is reached by others than us: scheme, host and port. `key` or `browser` is what calls
    are made with; `socket` a unix socket to reach the server by.
    """

    def __init__(
        self,
        me: Me,
        public_url: str,
        *,
        key: str | None = None,
        browser: BrowserSession | None = None,
        socket: str | None = None,
    ) -> None:
        self.me = me
        self.public_url = public_url
        self._browser = browser
        self._client = Client(Http(public_url, key=key, browser=browser, socket=socket))
        self._streams = AsyncHttp(public_url, key=key, browser=browser, socket=socket)

    def __repr__(self) -> str:
        return f"Access({self.identity} at {self.public_url})"

    @property
    def identity(self) -> str:
        """Who it is, for as long as the person exists: a session is shown only to the one that it began for."""
        return self.me.id

    @property
    def as_browser(self) -> bool:
        """Whether it calls as the browser that is signed in, which can sign out then."""
        return self._browser is not None

    def client(self) -> Client:
        """The API. Its calls wait, so an event loop makes them in a thread (`asyncio.to_thread`); threads share it."""
        return self._client

    @cached_property
    def events(self) -> AsyncEvents:
        """What happens, followed in the session's event loop."""
        return AsyncEvents(self._streams)

    def sign_in_url(self, path: str = "/") -> str:
        """Where the browser goes to sign in, and then to a path of ours."""
        return f"/login?return_to={quote(path, safe='')}"

    @property
    def sign_out_url(self) -> str:
        """The page where the browser sees who is signed in, and signs out. Going there changes nothing by itself, as no
        other site must be able to sign somebody out by a link.
        """
        return "/login"

    def renew(self, newer: Access) -> None:
        """Go on as the same person's browser is now: it may have other cookies than when the session began."""
        assert newer.identity == self.identity
        self.me = newer.me
        if newer._browser is not None:
            self._browser = newer._browser
            self._client.http.act_as(newer._browser)
            self._streams.act_as(newer._browser)

    async def close(self) -> None:
        """Close its connections: the session has ended."""
        self._client.http.close()
        await self._streams.close()


def access_of(
    public_url: str, *, key: str | None = None, browser: BrowserSession | None = None, socket: str | None = None
) -> Access:
    """The access of whoever this is, once the server has said who; `UnauthenticatedError` for nobody. It waits for the
    answer, and for nothing else: whoever is let in by it must not keep others waiting.
    """
    http = Http(public_url, key=key, browser=browser, socket=socket, tries=1)
    try:
        me = Login(http).me()
    finally:
        http.close()
    return Access(me, public_url, key=key, browser=browser, socket=socket)
