"""Windows: who gets one, who gets a session back, what they may take, and that nothing of them is left behind."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import flet as ft
import pytest
from flet.messaging.protocol import MessageAction
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.ui.web.rig import Place, place, until
from twin2multicloud.app.ui.access import Access
from twin2multicloud.app.ui.web.limits import MESSAGE_MOST_BYTES, Limits


def test_a_window_shows_the_page_to_whoever_is_signed_in(there: Place) -> None:
    olga = there.site.person("olga")
    with there.window(there.cookie(there.sign_in(olga))).register(route="/twins") as window:
        until(lambda: there.shown.by)
        assert there.shown.by == [olga.user_id]
        page = window.live.session.page
        until(lambda: page.controls)
        assert page.controls[0].content.value == "olga at /twins"


@pytest.mark.parametrize(
    "headers", [{"origin": "http://evil.example"}, {"origin": "null"}, {"Host": "evil.example"}], ids=str
)
def test_pages_and_names_of_others_get_none(there: Place, headers: dict[str, str]) -> None:
    cookie = there.cookie(there.sign_in(there.site.person("olga")))
    with pytest.raises(InvalidStatus) as refused:
        there.window(cookie, **headers)
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    "cookie", ["", "t2m_session=guess", 't2m_session="a\\073b\\015"', "t2m_session=" + "a" * 4_000], ids=str.__len__
)
def test_whoever_is_not_signed_in_is_sent_to_sign_in(there: Place, cookie: str) -> None:
    with there.window(cookie) as window:
        assert window.code() == 4401
    assert there.live == []


def test_a_session_that_expired_or_was_signed_out_gets_none(there: Place) -> None:
    olga = there.site.person("olga")
    made = there.sign_in(olga)
    with there.http(there.cookie(made)) as browser:
        out = browser.post("/api/v1/logout", headers={"X-CSRF-Token": made.csrf, "Origin": there.url})
        assert out.status_code == 204
    with there.window(there.cookie(made)) as window:
        assert window.code() == 4401
    again = there.sign_in(olga)
    there.site.clock.pass_by(3600 * 12)
    with there.window(there.cookie(again)) as window:
        assert window.code() == 4401


def test_a_window_closes_where_its_person_signs_out_elsewhere(tmp_path: Path, sqlite_file: str) -> None:
    with place(tmp_path / "d", sqlite_file, Limits(check_s=0.1, register_s=0.1)) as there:
        olga = there.site.person("olga")
        made = there.sign_in(olga)
        with there.window(there.cookie(made)).register() as window:
            time.sleep(0.5)
            assert there.live
            olga.post("logout/everywhere")
            assert window.code() == 4401


def test_a_reload_finds_its_session_as_it_was(there: Place) -> None:
    cookie = there.cookie(there.sign_in(there.site.person("olga")))
    with there.window(cookie).register() as window:
        window.press()
        page = window.live.session.page
        until(lambda: page.controls[4].content.value == "1")
    until(lambda: "disconnect" in there.shown.happened)
    with there.window(cookie).register(window.session_id, "/elsewhere") as again:
        assert again.session_id == window.session_id
        until(lambda: {"connect", "route /elsewhere"} <= set(there.shown.happened))
        again.press()
        until(lambda: page.controls[4].content.value == "2")
    assert len(there.shown.by) == 1


def test_somebody_else_gets_a_session_of_their_own(there: Place) -> None:
    olga, paul = there.site.person("olga"), there.site.person("paul")
    with there.window(there.cookie(there.sign_in(olga))).register() as window:
        pass
    until(lambda: "disconnect" in there.shown.happened)
    with there.window(there.cookie(there.sign_in(paul))).register(window.session_id) as other:
        assert other.session_id != window.session_id
        until(lambda: there.shown.by == [olga.user_id, paul.user_id])
    with there.window(there.cookie(there.sign_in(olga))).register(window.session_id) as back:
        assert back.session_id == window.session_id


def test_a_session_that_is_shown_is_not_shown_twice(there: Place) -> None:
    cookie = there.cookie(there.sign_in(there.site.person("olga")))
    with there.window(cookie).register() as window, there.window(cookie).register(window.session_id) as copy:
        assert copy.session_id != window.session_id


def test_whoever_comes_back_with_other_cookies_calls_with_them(there: Place) -> None:
    olga = there.site.person("olga")
    asked: list[str] = []
    there.shown.work = lambda _page, access: asyncio.to_thread(lambda: asked.append(access.client().login.me().name))
    first = there.sign_in(olga)
    with there.window(there.cookie(first)).register() as window:
        window.press()
        until(lambda: asked == ["olga"])
    until(lambda: "disconnect" in there.shown.happened)
    olga.post("logout/everywhere")
    with there.window(there.cookie(there.sign_in(olga))).register(window.session_id) as again:
        again.press()
        until(lambda: asked == ["olga", "olga"])


def test_the_page_may_what_its_person_may_with_changes_and_events(there: Place) -> None:
    olga = there.site.person("olga")
    heard: list[str] = []

    async def work(page: Any, access: Any) -> None:
        async def listen() -> None:
            async for event in access.events.follow(after=0, kind="twin."):
                heard.append(event.message)

        page.run_task(listen)
        from tests.app.backends import TWIN
        from twin2multicloud.app.schemas.twins import TwinInput

        await asyncio.to_thread(access.client().twins.create, TwinInput(source=TWIN))

    there.shown.work = work
    with there.window(there.cookie(there.sign_in(olga))).register() as window:
        window.press()
        until(lambda: heard)
    assert [twin["name"] for twin in olga.get("twins")["items"]] == ["greenhouse"]


def test_a_session_ends_when_nobody_comes_back(tmp_path: Path, sqlite_file: str) -> None:
    with place(tmp_path / "d", sqlite_file, Limits(kept_s=0.2)) as there:
        cookie = there.cookie(there.sign_in(there.site.person("olga")))
        with there.window(cookie).register() as window:
            until(lambda: there.shown.by)
        until(lambda: there.live == [])
        until(lambda: there.shown.happened == ["disconnect", "close"])
        with there.window(cookie).register(window.session_id) as again:
            assert again.session_id != window.session_id


def test_nothing_is_left_of_windows_that_vanish(tmp_path: Path, sqlite_file: str) -> None:
    with place(tmp_path / "d", sqlite_file, Limits(kept_s=0.2)) as there:

        async def tell_on(page: Any, access: Any) -> None:
            async def watch() -> None:
                async for _ in access.events.follow(after=0):
                    pass

            page.run_task(watch)
            effect = asyncio.create_task(asyncio.sleep(3600))
            while not effect.done():
                page.controls[2].label = str(time.monotonic())
                page.update()
                await asyncio.sleep(0)

        there.shown.work = tell_on
        cookie = there.cookie(there.sign_in(there.site.person("olga")))
        with there.window(cookie):
            pass
        before = there.ask(lambda: len(asyncio.all_tasks()))
        for number in range(20):
            window = there.window(cookie)
            if number % 4:
                window.register()
            if number % 4 > 1:
                window.press()
                window.take(MessageAction.PATCH_CONTROL)
            window.vanish()
        until(lambda: there.live == [])
        until(lambda: there.ask(lambda: len(asyncio.all_tasks())) <= before)


def test_a_browser_that_takes_too_slowly_has_to_come_again(tmp_path: Path, sqlite_file: str) -> None:
    with place(tmp_path / "d", sqlite_file, Limits(waiting_bytes=1 << 20)) as there:

        async def pour(page: Any, _access: Any) -> None:
            while page.session.connection is not None:
                page.controls[2].label = "x" * 200_000 + str(time.monotonic())
                page.update()
                await asyncio.sleep(0.001)

        there.shown.work = pour
        cookie = there.cookie(there.sign_in(there.site.person("olga")))
        with there.window(cookie).register() as window:
            window.press()
            until(lambda: "disconnect" in there.shown.happened)
            assert window.code() == 1013
        with there.window(cookie).register(window.session_id) as again:
            assert again.session_id == window.session_id


def test_a_flood_is_taken_slowly_and_others_do_not_wait(tmp_path: Path, sqlite_file: str) -> None:
    with place(tmp_path / "d", sqlite_file, Limits(per_s=20, burst=20)) as there:
        cookie = there.cookie(there.sign_in(there.site.person("olga")))
        with there.window(cookie).register() as flood, there.window(cookie).register() as other:
            page = flood.live.session.page
            flood.press(200)
            other.press()
            until(lambda: other.live.session.page.controls[4].content.value == "1")
            assert int(page.controls[4].content.value) < 100
            flood.vanish()


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"\x00" + b"\xc1" * 10, 1003),
        (b"\x00", 1003),
        (b"\x07hello", 1003),
        (b"", 1003),
        (b"\x00\x92\x63\xc0", 1003),
        (b"\x00\x92\x01\x80", 1003),
        (b"\x00\x92\x03\x83\xa6target\x01\xa4name\xa1x\xa4data\xc0", 1003),
        (b"\x00" + b"\x91" * 50_000, 1003),
        (b"\x00" * (MESSAGE_MOST_BYTES + 1), 1009),
        ("text", 1003),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_message_of_flet_ends_the_window(there: Place, sent: bytes | str, code: int) -> None:
    with there.window(there.cookie(there.sign_in(there.site.person("olga")))) as window:
        # Whoever sends too much may be closed before it has sent it all.
        with suppress(ConnectionClosed):
            window.socket.send(sent)
        assert window.code() == code
    assert there.live == []


def test_a_page_of_another_version_has_to_begin_anew(there: Place) -> None:
    cookie = there.cookie(there.sign_in(there.site.person("olga")))
    with there.http(cookie) as http:
        page = http.get("/").text
    version = page.partition('data-base="/ui/')[2].partition("/")[0]
    with there.window(cookie, client="0123456789abcdef") as window:
        assert window.code() == 4426
    with there.window(cookie, client=version) as window:
        assert window.register().live
    assert len(there.live) == 1


def test_a_window_that_shows_nothing_is_closed(tmp_path: Path, sqlite_file: str) -> None:
    with (
        place(tmp_path / "d", sqlite_file, Limits(register_s=0.1)) as there,
        there.window(there.cookie(there.sign_in(there.site.person("olga")))) as window,
    ):
        assert window.code() == 4408


def test_there_are_as_many_sessions_as_may_be(tmp_path: Path, sqlite_file: str) -> None:
    with place(tmp_path / "d", sqlite_file, Limits(each=2, at_once=3)) as there:
        cookies = [there.cookie(there.sign_in(there.site.person(name))) for name in ("olga", "paul", "rosa")]
        with there.window(cookies[0]).register() as first, there.window(cookies[0]).register():
            with there.window(cookies[0]) as third, pytest.raises(ConnectionClosed):
                third.register()
            assert third.socket.close_code == 4429
            first.vanish()
            until(lambda: "disconnect" in there.shown.happened)
            # What nobody looks at ends for who comes.
            with there.window(cookies[0]).register(), there.window(cookies[1]).register():
                assert len(there.live) == 3
                with there.window(cookies[2]) as full, pytest.raises(ConnectionClosed):
                    full.register()
                assert full.socket.close_code == 4429


def test_what_goes_wrong_in_the_page_is_logged_and_not_told(there: Place, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_page: Any, _access: Any) -> None:
        raise LookupError("a secret of the server's")

    there.shown.work = fail
    with there.window(there.cookie(there.sign_in(there.site.person("olga")))).register() as window:
        window.press()
        told = json.dumps(window.take(MessageAction.SESSION_CRASHED))
    assert "went wrong on our side" in told
    assert "secret" not in told
    assert "a secret of the server's" in caplog.text


def test_a_server_that_stops_ends_windows(tmp_path: Path, sqlite_file: str) -> None:
    with place(tmp_path / "d", sqlite_file) as there:
        window = there.window(there.cookie(there.sign_in(there.site.person("olga")))).register()
        begun = time.monotonic()
    assert time.monotonic() - begun < 20
    assert window.code() in (1001, 1012)


class _Rendering:
    """A page with a component that fails when its button is pressed."""

    def __init__(self, fails_in: Literal["component", "effect"]) -> None:
        self._fails_in = fails_in

    async def page(self, page: ft.Page, access: Access) -> None:
        @ft.component
        def Counting() -> ft.Control:
            count, set_count = ft.use_state(0)

            def look() -> None:
                if count:
                    raise ValueError("a secret of the server's")

            if self._fails_in == "component":
                look()
            ft.use_effect(look, [count])
            press = ft.Button("Press", on_click=lambda: set_count(count + 1))
            return ft.Column([ft.Semantics(identifier="count", content=ft.Text(str(count))), press])

        page.render(Counting)


@pytest.mark.parametrize("where", ["component", "effect"])
def test_a_component_that_fails_ends_its_page_with_a_word_and_a_reload_begins_anew(
    tmp_path: Path, sqlite_file: str, caplog: pytest.LogCaptureFixture, where: Literal["component", "effect"]
) -> None:
    with place(tmp_path / "d", sqlite_file, page=_Rendering(where).page) as there:
        cookie = there.cookie(there.sign_in(there.site.person("olga")))
        with there.window(cookie).register() as window:
            index = window.live.session.index
            until(lambda: there.ask(lambda: [each for each in index.values() if isinstance(each, ft.Button)]))
            [button] = there.ask(lambda: [each for each in index.values() if isinstance(each, ft.Button)])
            window.send(MessageAction.CONTROL_EVENT, {"target": button._i, "name": "click", "data": None})
            told = json.dumps(window.take(MessageAction.SESSION_CRASHED))
        assert "went wrong on our side" in told
        assert "secret" not in told
        assert "a secret of the server's" in caplog.text
        with there.window(cookie).register(window.session_id) as again:
            assert again.session_id != window.session_id
            until(lambda: [each.session.id for each in there.live] == [again.session_id])
