"""The front end as an app of its own: nobody is signed in there, until somebody agrees to a code in a browser."""

from __future__ import annotations

import asyncio
import gc
import re
from pathlib import Path

import flet as ft
import httpx2
import pytest

from tests.app.login.real import served_site
from tests.ui.driver import Ui, driven
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.client.http import Http
from twin2multicloud.app.serving import prepare
from twin2multicloud.app.ui.native import open_app
from twin2multicloud.app.ui.sign_in.state import Kept


class Keyring:
    """What is kept in memory, as a system's keyring keeps it."""

    def __init__(self, kept: Kept | None = None) -> None:
        self.kept = kept

    async def read(self) -> Kept | None:
        return self.kept

    async def write(self, kept: Kept) -> None:
        self.kept = kept

    async def forget(self) -> None:
        self.kept = None


def agree(url: str, key: str, code: str) -> None:
    """What somebody does in a browser, who is signed in there."""
    with Client(Http(url, key=key)) as client:
        link = client.login.local_link().url
    with httpx2.Client(base_url=url, headers={"Origin": url}) as browser:
        browser.post("/api/v1/login/local", json={"code": link.partition("#")[2]}).raise_for_status()
        csrf = {"X-CSRF-Token": browser.get("/api/v1/me").json()["csrf"]}
        answer = {"user_code": code, "allow": True}
        browser.post("/api/v1/login/device/answer", json=answer, headers=csrf).raise_for_status()


async def opened(keyring: Keyring) -> Ui:
    async def main(page: ft.Page, _: object) -> None:
        await open_app(page, keyring)

    return await Ui.begin(main)


@driven
async def test_a_server_that_is_none_is_said(sqlite_file: str) -> None:
    page = await opened(Keyring())
    await page.fill("Server", "ftp://twins.example.org")
    await page.press("Sign in")
    await page.sees("is not a URL such as https://twins.example.org")
    await page.close()


@pytest.mark.slow
@driven
async def test_somebody_agrees_in_a_browser_and_the_app_stays_signed_in(sqlite_file: str, tmp_path: Path) -> None:
    with served_site(tmp_path / "data", sqlite_file, None) as backend:
        prepare(backend)
        url, keyring = backend.settings.origin, Keyring()
        mine = (tmp_path / "data" / "local.key").read_text().strip()
        await sign_in(keyring, url, mine)
        assert keyring.kept is not None
        assert keyring.kept.key not in repr(keyring.kept)
        again = await opened(keyring)
        await again.sees("No twins yet")
        await again.close()
    gc.collect()  # a connection that was left open is told of now


async def sign_in(keyring: Keyring, url: str, mine: str) -> None:
    page = await opened(keyring)
    await page.fill("Server", url)
    await page.press("Sign in")
    code = await page.until(lambda: next((t for t in page.texts() if re.fullmatch(r"\w{4}-\w{4}", t)), None))
    await asyncio.to_thread(agree, url, mine, code)
    await page.sees("No twins yet")
    await page.close()


@driven
async def test_a_key_that_holds_no_more_is_forgotten(sqlite_file: str, tmp_path: Path) -> None:
    with served_site(tmp_path / "data", sqlite_file, None) as backend:
        keyring = Keyring(Kept(backend.settings.origin, "t2m_gone"))
        page = await opened(keyring)
        await page.sees("Which server has your twins?")
        assert keyring.kept is None
        await page.close()
