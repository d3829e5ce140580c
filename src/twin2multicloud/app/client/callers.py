"""As whom the API is called. What proves it is in no `repr` and in no error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class BrowserSession:
    """A browser that is signed in: its cookies, as it sends them; the second token, which comes with changes; and the
    origin of the page that asks. `forwarded` are headers that say where the browser is, for a server that believes
    whoever calls (see `app.inside`).
    """

    cookies: str = field(repr=False)
    csrf: str = field(repr=False)
    origin: str
    forwarded: Mapping[str, str] = field(default_factory=dict)


def headers_of(key: str | None, browser: BrowserSession | None) -> dict[str, str]:
    """What is sent with every request, by a key, as a browser, or as nobody."""
    assert key is None or browser is None, "one caller at a time"
    if key is not None:
        return {"Authorization": f"Bearer {key}"}
    if browser is None:
        return {}
    return {
        "Cookie": browser.cookies,
        "X-CSRF-Token": browser.csrf,
        "Origin": browser.origin,
        **browser.forwarded,
    }
