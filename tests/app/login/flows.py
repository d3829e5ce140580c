"""A login as a browser goes through it, without the pages in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.testclient import TestClient

from tests.app.backends import Site, site
from tests.app.login.fake_oidc import CODE, FakeProvider, fake_provider

SECRET = "hush-hush-hush-hush"
URL = "http://127.0.0.1:8080"


@dataclass
class Door:
    """An installation where people sign in by a fake provider called `uni`."""

    site: Site
    provider: FakeProvider

    def browser(self) -> TestClient:
        """A fresh one."""
        return TestClient(self.site.http.app, base_url=URL, follow_redirects=False)

    def begin(self, browser: TestClient, path: str = "/login/uni") -> dict[str, str]:
        """Begin to sign in; what the provider is asked."""
        answer = browser.get(path)
        assert answer.status_code == 303, answer.text
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}

    def come_back(self, browser: TestClient, state: str, **more: str) -> Any:
        """Come back from the provider."""
        return browser.get("/login/uni/callback", params={"state": state, "code": CODE, **more})

    def sign_in(self, browser: TestClient, path: str = "/login/uni", **claims: Any) -> Any:
        """The whole way, with what the provider says."""
        asked = self.begin(browser, path)
        self.provider.sign(self.provider.claims(asked["nonce"], self.site.clock.now(), **claims))
        return self.come_back(browser, asked["state"])


@contextmanager
def door(directory: Path, database_url: str, *, provider: dict[str, Any] | None = None, **more: Any) -> Iterator[Door]:
    """One over a database; the provider and other settings can be given."""
    with fake_provider() as fake:
        oidc = {"uni": {"issuer": fake.issuer, "client_id": "t2m", "client_secret": SECRET, **(provider or {})}}
        limits = {"login_per_minute": 1000}
        with site(directory, database_url, auth="login", oidc=oidc, limits=limits, **more) as made:
            yield Door(made, fake)
