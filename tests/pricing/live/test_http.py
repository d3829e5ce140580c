"""Downloads over a network that fails: what comes is the whole of it, or an error, and never a part."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from base64 import b64encode
from collections.abc import Awaitable, Callable
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TypeVar

import httpx2
import pytest

from tests.pricing.live.conftest import START, OpenHttp, Time
from tests.pricing.live.replay import Fault, FaultyPriceServer
from twin2multicloud.model.errors import PriceError, UsageError
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.fetching.http import FetchError, Patience, PriceHttp

BODY = bytes(range(256)) * 400  # 102,400 bytes


T = TypeVar("T")


def with_http(http: PriceHttp, ask: Callable[[PriceHttp], Awaitable[T]]) -> T:
    async def all_of_it() -> T:
        async with http:
            return await ask(http)

    return asyncio.run(all_of_it())


def download(http: PriceHttp, url: str, **options: object) -> bytes:
    path = with_http(http, lambda http: http.download(url, **options))  # type: ignore[arg-type]
    assert isinstance(path, Path)
    return path.read_bytes()


def test_a_body_that_breaks_off_is_continued_where_it_was(server: FaultyPriceServer, open_http: OpenHttp) -> None:
    server.files["/list"] = BODY
    server.fault("/list", Fault(cut_at=30_000), Fault(cut_at=20_000))
    assert download(open_http(), f"{server.url}/list") == BODY
    ranges = [each.headers.get("Range") for each in server.asked]
    assert ranges == [None, "bytes=30000-", "bytes=50000-"]


def test_a_body_that_changes_meanwhile_begins_anew(server: FaultyPriceServer, open_http: OpenHttp) -> None:
    server.files["/list"] = BODY
    server.fault("/list", Fault(cut_at=30_000))
    http = open_http()
    other = b"another list" * 1000

    def change(_: object) -> None:
        server.files["/list"] = other

    http._time = type(http._time)(http._time.now, lambda s: _then(change), http._time.chance)
    assert download(http, f"{server.url}/list") == other


async def _then(do: Callable[[object], None]) -> None:
    do(None)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(drop=True),
        Fault(cut_at=0),
        Fault(cut_at=len(BODY) - 1),
        Fault(extra=10),
        Fault(status=500),
        Fault(status=503),
        Fault(status=429),
        Fault(status=206, headers={"Content-Range": "bytes 5-9/10"}, body=b"12345"),
        Fault(status=416),
        Fault(headers={"Content-MD5": b64encode(hashlib.md5(b"other", usedforsecurity=False).digest()).decode()}),
        Fault(headers={"Repr-Digest": f"sha-256=:{b64encode(hashlib.sha256(b'other').digest()).decode()}:"}),
    ],
    ids=lambda fault: repr(fault)[:60],
)
@pytest.mark.parametrize("plain", [False, True])
def test_what_passes_is_asked_again_and_comes_whole(
    server: FaultyPriceServer, open_http: OpenHttp, fault: Fault, plain: bool
) -> None:
    server.plain = plain
    server.files["/list"] = BODY
    server.fault("/list", fault, fault)
    assert download(open_http(), f"{server.url}/list") == BODY


def test_the_server_says_how_long_to_wait(server: FaultyPriceServer, open_http: OpenHttp, time: Time) -> None:
    server.files["/list"] = BODY
    later = format_datetime(START + timedelta(seconds=20), usegmt=True)
    server.fault("/list", Fault(status=429, retry_after="7"), Fault(status=503, retry_after=later))
    download(open_http(), f"{server.url}/list")
    assert [7 <= time.slept[0] < 8, 12 <= time.slept[1] < 14] == [True, True]


def test_waiting_grows_and_ends(server: FaultyPriceServer, open_http: OpenHttp, time: Time) -> None:
    server.fault("/list?key=words", *[Fault(status=500)] * 20)
    with pytest.raises(FetchError, match=r"/list answers 500; tried 8 times. Try again later"):
        download(open_http(), f"{server.url}/list?key=words")
    assert time.slept == [0.375, 0.75, 1.5, 3.0, 6.0, 12.0, 22.5]


def test_a_wait_that_is_too_long_is_not_waited_for(server: FaultyPriceServer, open_http: OpenHttp, time: Time) -> None:
    server.fault("/list", Fault(status=429, retry_after="3600"))
    with pytest.raises(FetchError, match="answers 429"):
        download(open_http(), f"{server.url}/list")
    assert time.slept == []


def test_progress_renews_patience(server: FaultyPriceServer, open_http: OpenHttp) -> None:
    server.files["/list"] = BODY
    server.fault("/list", *[Fault(cut_at=5_000)] * 20)
    assert download(open_http(patience=Patience(most_attempts=3)), f"{server.url}/list") == BODY


def test_a_killed_server_is_waited_for(server: FaultyPriceServer, open_http: OpenHttp, time: Time) -> None:
    server.files["/list"] = BODY
    server.fault("/list", Fault(pause_s=0.02, block=2000))
    killed = threading.Timer(0.2, server.kill)
    killed.start()

    async def restart(seconds: float) -> None:
        killed.join()
        if server._server is None:
            server.start()

    http = open_http()
    http._time = type(http._time)(http._time.now, restart, http._time.chance)
    assert download(http, f"{server.url}/list") == BODY
    assert any("Range" in each.headers for each in server.asked)


def test_a_slow_server_is_given_up_when_nothing_comes(server: FaultyPriceServer, open_http: OpenHttp) -> None:
    server.files["/list"] = BODY
    server.fault("/list", *[Fault(pause_s=0.5)] * 2)
    http = open_http(timeout=httpx2.Timeout(0.1, connect=5.0), patience=Patience(most_attempts=2))
    with pytest.raises(FetchError, match=r"does not answer \(ReadTimeout\)"):
        download(http, f"{server.url}/list")


def test_another_process_goes_on_where_a_killed_one_was(server: FaultyPriceServer, open_http: OpenHttp) -> None:
    server.files["/list"] = BODY
    server.fault("/list", *[Fault(cut_at=30_000, drop=False)], *[Fault(status=500)] * 7)
    with pytest.raises(FetchError):
        download(open_http(), f"{server.url}/list")
    assert download(open_http(), f"{server.url}/list") == BODY
    assert server.asked[-1].headers["Range"] == "bytes=30000-"


def test_what_came_since_the_beginning_is_not_asked_for_again(
    server: FaultyPriceServer, open_http: OpenHttp, time: Time
) -> None:
    server.files["/list"] = BODY
    download(open_http(), f"{server.url}/list")
    download(open_http(since=START), f"{server.url}/list")
    assert len(server.asked) == 1
    time.at += timedelta(hours=1)
    assert download(open_http(), f"{server.url}/list") == BODY
    assert len(server.asked) == 2, "an hour later it is asked whether it changed"
    assert "If-None-Match" in server.asked[1].headers
    server.files["/list"] = b"new"
    time.at += timedelta(hours=1)
    assert download(open_http(), f"{server.url}/list") == b"new"
    server.files["/list"] = b"newer"
    time.at += timedelta(hours=1)
    assert download(open_http(), f"{server.url}/list", immutable=True) == b"new", "what is pinned is never asked twice"


def test_a_kept_body_that_was_tampered_with_is_fetched_again(
    server: FaultyPriceServer, open_http: OpenHttp, tmp_path: Path
) -> None:
    server.files["/list"] = BODY
    download(open_http(), f"{server.url}/list", immutable=True)
    [body] = (tmp_path / "cache").glob("*.body")
    body.write_bytes(BODY[:-1])
    assert download(open_http(), f"{server.url}/list", immutable=True) == BODY


def test_json_that_is_none_is_asked_again(server: FaultyPriceServer, open_http: OpenHttp) -> None:
    server.files["/page"] = b'{"rows": 1}'
    server.fault("/page", Fault(body=b"<html>busy</html>"), Fault(body=b'{"rows": '))
    assert with_http(open_http(), lambda http: http.json(f"{server.url}/page")) == {"rows": 1}


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault(status=404, body=b""), "answers 404"),
        (Fault(status=403, body=b""), "answers 403; the key or token given for it is missing, wrong"),
        (Fault(status=302, headers={"Location": "/else"}, body=b""), "answers 302; it leads elsewhere"),
        (Fault(headers={"Content-Encoding": "gzip"}), "answers compressed"),
    ],
)
def test_what_does_not_pass_is_told_at_once(
    server: FaultyPriceServer, open_http: OpenHttp, fault: Fault, told: str
) -> None:
    server.files["/page"] = b"{}"
    server.fault("/page", fault)
    with pytest.raises(FetchError, match=told):
        with_http(open_http(), lambda http: http.json(f"{server.url}/page"))
    assert len(server.asked) == 1


def test_an_endless_answer_is_refused(server: FaultyPriceServer, open_http: OpenHttp) -> None:
    server.files["/list"] = BODY
    with pytest.raises(FetchError, match="more than 1000 bytes"):
        download(open_http(), f"{server.url}/list", most_bytes=1000)


def test_keys_are_neither_told_nor_kept(server: FaultyPriceServer, open_http: OpenHttp, tmp_path: Path) -> None:
    server.files["/page"] = b"{}"
    server.fault("/page", Fault(), Fault(status=403, body=b""))
    key = {"X-Goog-Api-Key": "canary-key"}
    with_http(open_http(), lambda http: http.json(f"{server.url}/page", key))
    assert server.asked[0].headers["X-Goog-Api-Key"] == "canary-key"
    for path in (tmp_path / "cache").iterdir():
        assert b"canary-key" not in path.read_bytes()
        assert "canary-key" not in path.name


def test_lists_are_followed_nowhere_else(open_http: OpenHttp, server: FaultyPriceServer) -> None:
    http = open_http()
    assert http.url(Provider.AWS, "/offers/index.json") == f"{server.url}/offers/index.json"
    for elsewhere in ("https://evil.example/x", "//evil.example/x", server.url.replace("http:", "https:") + "/x"):
        with pytest.raises(PriceError, match="not followed"):
            http.url(Provider.AWS, elsewhere)
    with pytest.raises(UsageError, match="https://"):
        open_http(origins={Provider.AWS: "http://prices.example"})


def test_no_more_at_once_than_allowed(server: FaultyPriceServer, open_http: OpenHttp) -> None:
    most, running, lock = 0, 0, threading.Lock()

    def route(path: str) -> bytes:
        nonlocal most, running
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.03)
        with lock:
            running -= 1
        return b"{}"

    server.route = route

    async def ask(http: PriceHttp) -> None:
        await asyncio.gather(*(http.json(f"{server.url}/{number}") for number in range(12)))

    with_http(open_http(patience=Patience(at_once=3)), ask)
    assert most == 3


def test_two_at_once_ask_once(server: FaultyPriceServer, open_http: OpenHttp) -> None:
    server.files["/list"] = BODY
    server.fault("/list", Fault(pause_s=0.005))

    async def twice(http: PriceHttp) -> tuple[Path, Path]:
        return await asyncio.gather(http.download(f"{server.url}/list"), http.download(f"{server.url}/list"))

    first, second = with_http(open_http(), twice)
    assert first.read_bytes() == second.read_bytes() == BODY
    assert len(server.asked) == 1


def test_a_body_that_another_process_is_fetching_is_fetched_aside(
    server: FaultyPriceServer, open_http: OpenHttp, tmp_path: Path
) -> None:
    server.files["/list"] = BODY
    first = open_http()
    part, held = first._kept.hold(f"{server.url}/list")
    assert held is not None
    part.write_bytes(b"what the other has so far")
    assert download(open_http(), f"{server.url}/list") == BODY
    assert part.read_bytes() == b"what the other has so far"


def test_what_is_not_used_any_more_is_dropped(
    server: FaultyPriceServer, open_http: OpenHttp, tmp_path: Path, time: Time
) -> None:
    server.files |= {"/old": BODY, "/new": BODY}
    download(open_http(), f"{server.url}/old")
    time.at += timedelta(days=60)
    download(open_http(), f"{server.url}/new")
    open_http().prune(time.at - timedelta(days=30))
    time.at += timedelta(days=1)
    download(open_http(), f"{server.url}/new", immutable=True)
    download(open_http(), f"{server.url}/old", immutable=True)
    assert server.paths() == ["/old", "/new", "/old"]
