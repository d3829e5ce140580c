"""Pictures of the login page: what somebody sees who comes to an installation with several providers."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from terminal_pictures import chromium

PROVIDERS: Final = {
    "google": {"kind": "google"},
    "microsoft": {"kind": "microsoft"},
    "github": {"kind": "github"},
    "uni": {"issuer": "https://id.uni.example", "label": "University of Somewhere"},
}


def login(images: Path) -> None:
    """`login-light.png` and `login-dark.png`."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.app.conftest import migrated
    from tests.app.login.real import served_site
    from tests.pages.browser import Browser

    from twin2multicloud.app.db.database import sqlite_url

    oidc: dict[str, Any] = {
        name: {"client_id": "twins", "client_secret": "secret", **each} for name, each in PROVIDERS.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        url = sqlite_url(Path(folder) / "app.db")
        migrated(url)
        with (
            served_site(Path(folder) / "data", url, None, auth="login", oidc=oidc) as backend,
            Browser(chromium(), Path(folder) / "profile") as browser,
        ):
            for name in ("light", "dark"):
                browser.window(900, 600, dark=name == "dark")
                browser.open(f"{backend.settings.origin}/login")
                browser.picture(images / f"login-{name}.png")
