"""`ui` and `open`: the front end of a server, of none, and from this machine."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.cli.serving import START_S, Place, seen

LINK = re.compile(r"(http://127\.0\.0\.1:\d+)/login/local#(\S+)")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, {"PATH": "/usr/bin:/bin"})


@contextmanager
def shown(place: Place, *arguments: str, **env: str) -> Iterator[re.Match[str]]:
    """`ui`, once it says where; it ends in order at a signal."""
    log = place.directory / "ui.log"
    command = [sys.executable, "-m", "twin2multicloud", "ui", "--no-open", *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env={**place.env, **env}, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + START_S
        while (found := LINK.search(log.read_text())) is None:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        yield found
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        seen(log, "stopped")
    finally:
        process.kill()
        process.wait()


@contextmanager
def let_in(found: re.Match[str] | None) -> Iterator[tuple[httpx2.Client, str]]:
    """A browser that took the code, and where it goes."""
    assert found is not None
    with httpx2.Client(base_url=found[1], timeout=60) as browser:
        answer = browser.post("/api/v1/login/local", json={"code": found[2]}, headers={"Origin": found[1]})
        assert answer.status_code == 200, answer.text
        yield browser, answer.json()["return_to"]


@pytest.mark.slow
def test_the_front_end_of_a_server_is_shown_from_this_machine(place: Place) -> None:
    with place.served() as url:
        assert "there is no key for" in place("ui", "--server", url).err
        wrong = place("ui", "--server", url, env={"T2M_API_KEY": "t2m_wrong"})
        assert wrong.code != 0
        place.done("login", "--server", url, "--key", stdin=place.key.encode())
        with shown(place, "/twins?x=1") as found:
            assert found[1] != url
            with let_in(found) as (browser, there):
                assert there == "/twins?x=1"
                assert 'data-base="/ui/' in browser.get(there).text
                assert browser.get("/api/v1/me").status_code == 404
        assert f"{url}, as " in (place.directory / "ui.log").read_text()


@pytest.mark.slow
def test_without_a_server_one_is_served_or_opened(place: Place) -> None:
    with shown(place, "/alerts") as found:
        with let_in(found) as (browser, there):
            assert there == "/alerts"
            assert browser.get("/api/v1/me").json()["session"]
            assert 'data-base="/ui/' in browser.get(there).text
        # Who asks while it is served is sent there.
        again = place.done("ui", "--no-open", "/twins")
        assert again.out.startswith(f"{found[1]}/login/local#")
        opened = place.done("open", "--print", "/alerts")
        with let_in(LINK.search(opened.out)) as (_, there):
            assert there == "/alerts"


@pytest.mark.parametrize("path", ["twins", "//evil.example", "https://evil.example/"])
def test_only_pages_of_ours_are_opened(place: Place, path: str) -> None:
    refused = place("ui", path)
    assert (refused.code, "is no path such as /twins" in refused.err) == (2, True)
