"""What is served beside windows: the page, the client's files, and what is left to the API."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import stat
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import brotli
import flet as ft
import httpx2
import pytest

from tests.ui.web.rig import Place, place, until
from twin2multicloud.app.auth.sessions import NewSession
from twin2multicloud.app.front_end import mounted
from twin2multicloud.app.ui.access import Access
from twin2multicloud.app.ui.web.client_files import ClientFiles
from twin2multicloud.app.ui.web.packed import Packed


@pytest.fixture
def session(there: Place) -> NewSession:
    return there.sign_in(there.site.person("olga"))


def base_of(page: str) -> str:
    found = re.search(r'data-base="(/ui/[0-9a-f]{16}/)"', page)
    assert found is not None
    return found[1]


def packed(browser: httpx2.Client, path: str, headers: dict[str, str]) -> bool:
    return "content-encoding" in browser.head(path, headers=headers).headers


@pytest.mark.parametrize(
    ("path", "return_to"),
    [
        ("/", "%2F"),
        ("/twins/twn_1?tab=cost&x=1", "%2Ftwins%2Ftwn_1%3Ftab%3Dcost%26x%3D1"),
        ("/twins/%C3%A4%20b", "%2Ftwins%2F%25C3%25A4%2520b"),
        ("//evil.example/x", "%2F%2Fevil.example%2Fx"),
        (f"/{'a' * 5_000}", "%2F"),
    ],
)
def test_whoever_is_not_signed_in_signs_in_first_and_comes_back(there: Place, path: str, return_to: str) -> None:
    with there.http() as browser:
        answer = browser.get(f"{there.listens}{path}")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/login?return_to={return_to}")
        assert answer.headers["cache-control"] == "no-store"
        signed_in = browser.get(answer.headers["location"], headers={"Cookie": there.cookie(
            there.sign_in(there.site.person("paul"))
        )})  # fmt: skip
        target = signed_in.headers["location"]
        assert target == (path if len(path) < 2_000 and not path.startswith("//") else "/")


def test_the_page_is_at_every_address_of_its_own(there: Place, session: NewSession) -> None:
    with there.http(there.cookie(session)) as browser:
        first = browser.get("/")
        assert first.status_code == 200
        for path in ("/twins", "/twins/twn_1/cost", "/apix", "/login-help"):
            assert base_of(browser.get(path).text) == base_of(first.text), path
        assert browser.head("/").content == b""
        policy = first.headers["content-security-policy"]
        assert "'unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert first.headers["cache-control"] == "no-cache"
        assert (first.headers["x-frame-options"], first.headers["x-content-type-options"]) == ("DENY", "nosniff")
        assert "cross-origin-embedder-policy" not in first.headers
        policies = {browser.get("/").headers["content-security-policy"] for _ in range(2)}
        assert len(policies) == 2, "a nonce is used once"
        assert "Flet" not in first.text
        assert re.findall(r"<script(?! src=\"/ui/)", first.text) == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api", 404),
        ("GET", "/api/", 404),
        ("GET", "/health", 404),
        ("GET", "/health/nothing", 404),
        ("GET", "/metrics/nothing", 404),
        ("DELETE", "/health/live", 405),
        ("POST", "/twins", 404),
        ("GET", "/index.php", 404),
        ("GET", "/.env", 404),
        ("GET", "/favicon.ico", 404),
    ],
)
def test_what_the_api_has_not_is_a_problem_and_never_the_page(
    there: Place, session: NewSession, method: str, path: str, status: int
) -> None:
    with there.http(there.cookie(session)) as browser:
        answer = browser.request(method, path, headers={"Origin": there.url, "X-CSRF-Token": session.csrf})
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert "data-base" not in browser.get("/login/nothing").text


def test_files_are_kept_for_ever_and_named_by_what_is_in_them(there: Place, session: NewSession) -> None:
    with there.http(there.cookie(session)) as browser:
        base = base_of(browser.get("/").text)
    with there.http(**{"Accept-Encoding": "identity"}) as anybody:
        for file in ClientFiles():
            answer = anybody.get(base + file.name)
            assert answer.status_code == 200, file.name
            assert answer.content == file.content()
            assert "immutable" in answer.headers["cache-control"]
            assert answer.headers["content-type"] == file.media_type
            assert hashlib.sha256(answer.content).hexdigest().startswith(answer.headers["etag"].strip('"'))
            same = anybody.get(base + file.name, headers={"If-None-Match": answer.headers["etag"]})
            assert (same.status_code, same.content) == (304, b"")
            head = anybody.head(base + file.name)
            assert (head.headers["content-length"], head.content) == (str(len(answer.content)), b"")
        fallback = anybody.get(f"{base}assets/fonts/notosanssymbols/v43/rP2up3q65FkAtHfwd-eIS2brbDN6gx.woff2")
        assert fallback.content == anybody.get(f"{base}assets/fonts/Mono.woff2").content
        part = anybody.get(f"{base}main.dart.wasm", headers={"Range": "bytes=4-7", "Accept-Encoding": "br"})
        assert (part.status_code, part.content) == (206, b"\x01\x00\x00\x00")
        assert "content-encoding" not in part.headers


@pytest.mark.parametrize(
    "name",
    [
        "..%2f..%2fpyproject.toml",
        "%2e%2e/%2e%2e/etc/passwd",
        "/etc/passwd",
        "python.js",
        "pyodide/pyodide.mjs",
        "canvaskit/skwasm.js.symbols",
        "flutter.js.map",
        "",
        "main.dart.wasm/",
        "main.dart.wasm%00",
    ],
)
def test_nothing_else_is_a_file(there: Place, session: NewSession, name: str) -> None:
    with there.http(there.cookie(session)) as browser:
        base = base_of(browser.get("/").text)
        for path in (base + name, f"/ui/0000000000000000/{name or 'start.js'}", f"/ui/{name}"):
            request = browser.build_request("GET", "/")
            request = httpx2.Request("GET", f"{there.listens}{path}", headers=request.headers)
            assert browser.send(request).status_code in (404, 422), path


@pytest.mark.slow
def test_files_are_compressed_once_for_all_processes(
    there: Place, session: NewSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with there.http(there.cookie(session)) as browser:
        base = base_of(browser.get("/").text)
        for name in ("main.dart.mjs", "start.js"):
            expected = ClientFiles().get(name).content()  # type: ignore[union-attr]
            for encoding, unpack in (("br", brotli.decompress), ("gzip", gzip.decompress)):
                given = {"Accept-Encoding": f"zstd, {encoding};q=0.5, identity;q=0"}
                until(partial(packed, browser, base + name, given))
                with browser.stream("GET", base + name, headers=given) as answer:
                    content = b"".join(answer.iter_raw())
                assert answer.headers["content-encoding"] == encoding
                assert answer.headers["etag"].endswith(f'-{encoding}"')
                assert answer.headers["vary"] == "Accept-Encoding"
                assert unpack(content) == expected
        refused = browser.head(f"{base}start.js", headers={"Accept-Encoding": "br;q=0"})
        assert "content-encoding" not in refused.headers
        font = browser.head(f"{base}assets/fonts/Mono.woff2", headers={"Accept-Encoding": "br"})
        assert "content-encoding" not in font.headers


def test_a_cache_that_cannot_be_written_costs_time_and_nothing_else(
    tmp_path: Path, sqlite_file: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("T2M_CACHE", str(tmp_path / "file"))
    with place(tmp_path / "d", sqlite_file) as there:
        cookie = there.cookie(there.sign_in(there.site.person("olga")))
        with there.http(cookie) as browser:
            base = base_of(browser.get("/").text)
            until(lambda: "uncompressed" in caplog.text)
            assert "content-encoding" not in browser.get(f"{base}start.js").headers


@pytest.mark.slow
def test_old_versions_leave_the_cache(tmp_path: Path) -> None:
    for number in range(5):
        old = tmp_path / "front-end" / f"old{number}"
        old.mkdir(parents=True)
        os.utime(old, (number, number))
    client = ClientFiles()
    packed = Packed(client, tmp_path)
    packed.begin()
    until(lambda: packed.get(client.first[-1], {"br"}))
    assert {each.name for each in (tmp_path / "front-end").iterdir()} == {client.version, "old4", "old3"}
    # Another process finds what this one has made.
    assert Packed(client, tmp_path).get(client.first[0], {"br"}) == packed.get(client.first[0], {"br", "gzip"})
    packed.close()


def test_phones_are_told_who_we_are(there: Place, session: NewSession) -> None:
    with there.http(there.cookie(session)) as browser:
        base = base_of(browser.get("/").text)
        manifest = json.loads(browser.get(f"{base}manifest.json").text)
        assert (manifest["name"], manifest["start_url"]) == ("Twin2MultiCloud", "/")
        for icon in manifest["icons"]:
            assert browser.get(base + icon["src"]).headers["content-type"] == icon["type"]
        families = [font["family"] for font in browser.get(f"{base}assets/FontManifest.json").json()]
        assert families == ["MaterialIcons", "Roboto", "Mono"]


def test_the_front_end_speaks_to_its_own_server_behind_a_proxy(tmp_path: Path, sqlite_file: str) -> None:
    name = "https://twins.example.org"
    with place(tmp_path / "d", sqlite_file, public_url=name, trusted_proxies=["127.0.0.0/8"]) as there:
        olga = there.site.person("olga")
        cookie = there.cookie(there.sign_in(olga))
        assert "__Host-t2m_session=" in cookie
        asked: list[str] = []

        def work(_page: ft.Page, access: Access) -> Callable[[], None]:
            asked.append(access.public_url)
            return access.client().http.close

        there.shown.work = work
        with there.http(cookie) as browser:
            assert browser.get("/").status_code == 200
        with there.window(cookie).register() as window:
            window.press()
            until(lambda: asked == [name])


def test_requests_for_a_browser_count_for_where_it_is(tmp_path: Path, sqlite_file: str) -> None:
    limits = {"anonymous_per_minute": 5}
    with place(tmp_path / "d", sqlite_file, limits=limits, trusted_proxies=["127.0.0.0/8"]) as there:
        guess = "t2m_session=" + "g" * 43

        def get(address: str) -> int:
            with there.http(guess, **{"X-Forwarded-For": address}) as browser:
                return browser.get("/").status_code

        # One request of the browser's, and one for it, until its address has none left.
        assert [get("192.0.2.1") for _ in range(4)] == [303, 303, 429, 429]
        assert get("192.0.2.2") == 303


def test_nobody_else_says_where_a_browser_is(tmp_path: Path, sqlite_file: str) -> None:
    with place(tmp_path / "d", sqlite_file, limits={"anonymous_per_minute": 2}) as there, there.http() as anybody:
        answers = [
            anybody.get("/api/v1/me", headers={"X-T2M-Browser-Address": f"192.0.2.{number}"}).status_code
            for number in range(4)
        ]
    assert answers == [401, 401, 429, 429]


def test_the_way_inside_is_for_this_user_only(there: Place) -> None:
    directories = list(Path(tempfile.gettempdir()).glob("t2m-*/api.sock"))
    assert directories
    for each in directories:
        assert stat.S_IMODE(each.parent.stat().st_mode) == 0o700


def test_without_what_it_takes_a_page_says_so(
    tmp_path: Path, sqlite_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mounted, "_NEEDED", ("a_module_that_there_is_not",))
    with place(tmp_path / "d", sqlite_file) as there, there.http() as anybody:
        answer = anybody.get("/twins")
        assert answer.status_code == 404
        assert "pip install" in answer.text
        assert anybody.get("/health/live").status_code == 200
        assert anybody.get("/api/v1/x").headers["content-type"] == "application/problem+json"
