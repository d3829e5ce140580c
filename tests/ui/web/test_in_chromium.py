"""The whole of it in a browser: it starts, asks nobody else, keeps to its policy, and finds its way through sign-in."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import flet as ft
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.app.streaming import write
from tests.patience import PATIENCE_S
from tests.ui.browser import AUTO_A11Y, Heard, tap, type_into
from tests.ui.web.rig import Place, let_in, place, until
from twin2multicloud.app.auth.cookies import Cookies
from twin2multicloud.app.events.log import NewEvent
from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.access import Access
from twin2multicloud.app.ui.components import buttons
from twin2multicloud.app.ui.theme import DARK, LIGHT
from twin2multicloud.app.ui.web.connection import WindowConnection
from twin2multicloud.app.ui.web.limits import PICKED_MOST_BYTES, Limits

pytestmark = pytest.mark.slow
_RIVE = "cdn.jsdelivr.net"
"""What a widget that is never used asks for, which the page's policy keeps from being asked."""


_FILES = "performance.getEntriesByType('resource')"


def test_it_starts_and_asks_no_other_host(there: Place, tab: Page, heard: Heard) -> None:
    tab.goto(let_in(there))
    expect(tab.get_by_test_id("who")).to_have_text("lena at /")
    expect(tab).to_have_title("A page of the tests")
    assert tab.url == f"{there.url}/"
    type_into(tab.get_by_role("textbox", name="Name"), "größer → λ ✔ █")
    tap(tab.get_by_role("button", name="Press"))
    expect(tab.get_by_test_id("count")).to_have_text("1")
    tab.wait_for_timeout(500)
    own = there.url.partition("://")[2]
    assert heard.hosts() == {own, _RIVE}
    [blocked] = [request for request in heard.requests if _RIVE in request.url]
    assert blocked.failure == "csp"
    complaints = [text for text in heard.complaints if _RIVE not in text and "GL Driver Message" not in text]
    assert complaints == []
    missing = [request.url for request in heard.requests if request.url.startswith(there.url)
               and (answer := request.response()) is not None and answer.status >= 400]  # fmt: skip
    assert missing == [], "every letter of the page has a font"


def test_a_later_visit_takes_the_page_alone(there: Place, tab: Page) -> None:
    tab.goto(let_in(there))
    expect(tab.get_by_test_id("who")).to_be_visible()
    # Until it is compressed, after the first start, the largest file is more than this browser keeps.
    largest = tab.evaluate(f"{_FILES}.map((e) => e.name).find((name) => name.endsWith('main.dart.wasm'))")
    with there.http() as http:
        accepted = {"Accept-Encoding": "br"}
        until(lambda: http.head(largest, headers=accepted).headers.get("content-encoding") == "br")
    for path in ("/again", "/and/again"):
        tab.goto(f"{there.url}{path}")
        expect(tab.get_by_test_id("who")).to_be_visible()
    assert tab.evaluate(f"{_FILES}.filter((e) => e.transferSize > 0).map((e) => e.name)") == []


def test_links_lead_through_sign_in_to_their_page(there: Place, tab: Page) -> None:
    tab.goto(f"{there.url}/twins/twn_1?tab=cost")
    expect(tab.locator("code")).to_have_text(re.compile("twin2multicloud open '?/twins/twn_1"))
    tab.goto(let_in(there, "/twins/twn_1?tab=cost"))
    expect(tab.get_by_test_id("who")).to_have_text("lena at /twins/twn_1?tab=cost")
    tab.goto(f"{there.url}/login")
    tab.get_by_role("link", name="Open Twin2MultiCloud").click()
    expect(tab.get_by_test_id("who")).to_be_visible()
    tab.goto(f"{there.url}/login")
    tab.get_by_role("button", name="Sign out", exact=True).click()
    expect(tab.get_by_role("heading", name="Sign in")).to_be_visible()
    tab.goto(f"{there.url}/twins")
    expect(tab).to_have_url(f"{there.url}/login?return_to=%2Ftwins")


def test_a_reload_shows_what_was_there(there: Place, tab: Page) -> None:
    tab.goto(let_in(there))
    tap(tab.get_by_role("button", name="Press"))
    expect(tab.get_by_test_id("count")).to_have_text("1")
    tab.reload()
    expect(tab.get_by_test_id("count")).to_have_text("1")
    tap(tab.get_by_role("button", name="Press"))
    expect(tab.get_by_test_id("count")).to_have_text("2")
    assert len(there.shown.by) == 1


def test_a_page_left_open_goes_to_sign_in_when_its_person_was_signed_out(
    tmp_path: Path, sqlite_file: str, tab: Page
) -> None:
    with place(tmp_path / "d", sqlite_file, Limits(check_s=0.2, register_s=0.2)) as there:
        tab.goto(let_in(there, "/alerts"))
        expect(tab.get_by_test_id("who")).to_be_visible()
        there.site.clock.pass_by(3600 * 12)
        expect(tab).to_have_url(f"{there.url}/login?return_to=%2Falerts")


def test_one_window_too_many_says_so(tmp_path: Path, sqlite_file: str, browser: Browser, tab: Page) -> None:
    with place(tmp_path / "d", sqlite_file, Limits(each=1)) as there:
        tab.goto(let_in(there))
        expect(tab.get_by_test_id("who")).to_be_visible()
        second = tab.context.new_page()
        second.add_init_script(AUTO_A11Y)
        second.goto(f"{there.url}/")
        expect(second.get_by_text("Too many windows of yours are open")).to_be_visible()
        tab.close()
        until(lambda: "disconnect" in there.shown.happened)
        second.reload()
        expect(second.get_by_test_id("who")).to_be_visible()


def test_a_server_that_goes_away_is_told_of(tmp_path: Path, sqlite_file: str, tab: Page) -> None:
    with place(tmp_path / "d", sqlite_file) as there:
        tab.goto(let_in(there))
        expect(tab.get_by_test_id("who")).to_be_visible()
    expect(tab.get_by_text("There is no connection to the server")).to_be_visible()


def test_a_page_left_open_begins_anew_where_the_server_was_upgraded(
    there: Place, tab: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def upgraded(version: str) -> None:
        monkeypatch.setattr(there.front_end._client, "version", version)
        connection = there.live[-1].session.connection
        assert isinstance(connection, WindowConnection)
        socket = connection._socket
        asyncio.run_coroutine_threadsafe(socket.close(1012), there.loop).result(PATIENCE_S)

    def version() -> str:
        return str(tab.evaluate("document.documentElement.dataset.base"))

    tab.goto(let_in(there, "/alerts"))
    expect(tab.get_by_test_id("who")).to_have_text("lena at /alerts")
    upgraded("f" * 16)
    expect(tab.locator("html")).to_have_attribute("data-base", f"/ui/{'f' * 16}/")
    expect(tab.get_by_test_id("who")).to_have_text("lena at /alerts")
    # So soon again: servers of two versions may be taking turns.
    upgraded("e" * 16)
    expect(tab.get_by_text("The server was upgraded. Reload this page")).to_be_visible()
    assert version() == f"/ui/{'f' * 16}/"
    tab.reload()
    expect(tab.get_by_test_id("who")).to_be_visible()
    assert version() == f"/ui/{'e' * 16}/"


def test_a_browser_saves_a_log_itself_as_whoever_is_signed_in(tmp_path: Path, sqlite_file: str, tab: Page) -> None:
    async def page(page: ft.Page, access: Access) -> None:
        [run] = await asyncio.to_thread(lambda: list(access.client().runs.list()))
        page.add(buttons.link(ft.Icons.DOWNLOAD, "Download the whole log", places.run_log(run.id)))

    with place(tmp_path / "d", sqlite_file, page=page) as there:
        olga = there.site.person("olga")
        twin = olga.create_twin()["id"]
        run = there.site.run(olga, twin)
        write(there.site, NewEvent(there.site.workspace_id, "said", "all of it", twin_id=twin, run_id=run))
        names = Cookies.of(there.url)
        made = there.sign_in(olga)
        for name, value in ((names.session, made.token), (names.csrf, made.csrf)):
            tab.context.add_cookies([{"name": name, "value": value, "url": there.url}])
        tab.goto(there.url)
        with tab.expect_download() as download:
            tap(tab.get_by_role("button", name="Download the whole log"))
        assert download.value.suggested_filename.startswith("greenhouse-run-")
        assert download.value.path().read_text().endswith("info    all of it\n")
        expect(tab.get_by_role("button", name="Download the whole log")).to_be_visible()


def test_files_too_large_to_be_sent_are_told_of_and_the_window_stays(
    tmp_path: Path, sqlite_file: str, tab: Page
) -> None:
    async def page(page: ft.Page, _access: object) -> None:
        count, names = ft.Text("0"), ft.Text("none")

        def press() -> None:
            count.value = str(int(count.value) + 1)

        def came(event: ft.FilePickerResultEvent) -> None:
            found = sorted(f"{each.name}: {len(each.bytes or b'')}" for each in event.files)
            names.value = ", ".join(found) or names.value  # of a dialog that was closed none are told, a while later

        picker = ft.FilePicker(on_result=came)
        page.add(
            ft.OutlinedButton("Choose", action=ft.PickFiles(picker, allow_multiple=True, with_data=True)),
            ft.TextField(label="Name"),
            ft.Button("Press", on_click=press),
            ft.Semantics(identifier="count", content=count),
            ft.Semantics(identifier="names", content=names),
        )

    def choose(*sizes: int) -> None:
        files = [tmp_path / f"file-{number}.yaml" for number, _ in enumerate(sizes)]
        for file, size in zip(files, sizes, strict=True):
            file.write_bytes(b"#" * size)
        with tab.expect_file_chooser() as chooser:
            tap(tab.get_by_role("button", name="Choose"))
        chooser.value.set_files(files)

    with place(tmp_path / "d", sqlite_file, page=page) as there:
        tab.goto(let_in(there))
        tap(tab.get_by_role("button", name="Press"))
        expect(tab.get_by_test_id("count")).to_have_text("1")
        told = tab.locator("#told")
        choose(PICKED_MOST_BYTES + 1)
        expect(told).to_have_text(
            "file-0.yaml has 3.0 MiB, and at most 3.0 MiB can be taken at once. Nothing was sent."
        )
        choose(PICKED_MOST_BYTES, 1 << 20)
        expect(told).to_contain_text("These files have 4.0 MiB")
        choose(PICKED_MOST_BYTES - 5, 5)
        expect(tab.get_by_test_id("names")).to_have_text("file-0.yaml: 3145723, file-1.yaml: 5")
        tap(tab.get_by_role("button", name="Press"))
        expect(tab.get_by_test_id("count")).to_have_text("2")
        assert len(there.live) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_light_or_dark_while_it_loads(there: Place, browser: Browser, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme)  # type: ignore[arg-type]
    tab = context.new_page()
    tab.route("**/start.js", lambda route: route.abort())
    tab.goto(let_in(there))
    expect(tab.get_by_role("status", name="Loading")).to_be_visible()
    colour = tab.evaluate("getComputedStyle(document.getElementById('loading')).backgroundColor")
    page = {"light": LIGHT, "dark": DARK}[scheme].page
    assert colour == f"rgb{tuple(bytes.fromhex(page[1:]))}"
    assert tab.locator(f"meta[name=theme-color][media*={scheme}]").get_attribute("content") == page.lower()
    context.close()


def test_a_page_that_has_failed_says_so_and_is_there_again_after_a_reload(there: Place, tab: Page) -> None:
    def fail(_page: object, _access: object) -> None:
        raise LookupError("a secret of the server's")

    there.shown.work = fail
    tab.goto(let_in(there))
    tap(tab.get_by_role("button", name="Press"))
    expect(tab.get_by_text("Error running app")).to_be_visible()  # above what it says, which no test can read
    tab.reload()
    expect(tab.get_by_test_id("count")).to_have_text("0")
    assert len(there.shown.by) == 2
