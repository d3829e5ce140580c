"""Windows where several processes serve: each stays where it was opened, and begins anew where its process is gone."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import msgpack
import pytest
from websockets import Origin
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.cli.serving import Place
from tests.client.test_served import children
from tests.postgres import PostgresCluster

pytestmark = pytest.mark.slow


def opened(stack: ExitStack, url: str, cookies: str, session_id: str = "") -> tuple[ClientConnection, str]:
    """A window and its session."""
    host = url.partition("://")[2]
    opening = connect(f"ws://{host}/ui/ws", origin=Origin(url), additional_headers={"Cookie": cookies}, open_timeout=60)
    window = stack.enter_context(opening)
    asked = {"session_id": session_id, "page_name": "", "page": {"route": "/twins"}}
    window.send(b"\x00" + msgpack.packb([1, asked]))
    answer: Any = window.recv(timeout=60)
    return window, msgpack.unpackb(answer[1:], strict_map_key=False)[1]["session_id"]


def cookies(url: str, key: str) -> str:
    with httpx2.Client(base_url=url, timeout=60) as http:
        link = http.post("/api/v1/login/local/link", headers={"Authorization": f"Bearer {key}"}).json()["url"]
        code = link.partition("#")[2]
        answer = http.post("/api/v1/login/local", json={"code": code}, headers={"Origin": url})
        return "; ".join(each.partition(";")[0] for each in answer.headers.get_list("set-cookie"))


@pytest.fixture
def place(postgres: PostgresCluster, tmp_path: Path) -> Iterator[Place]:
    with postgres.database() as url:
        yield Place(tmp_path, {"T2M_DATABASE_URL": url})


def test_a_window_goes_on_after_its_process_died(place: Place) -> None:
    with place.server("--workers", "2") as process, ExitStack() as stack:
        url = json.loads((place.data / "server.json").read_text())["url"]
        mine = cookies(url, place.key)
        windows = [opened(stack, url, mine) for _ in range(8)]
        assert len({session for _, session in windows}) == 8
        # Which process a window is at is the system's choice.
        at_first = children(process)
        while not (gone := [session for window, session in windows if has_ended(window)]):
            os.kill(at_first.pop(), signal.SIGKILL)
            time.sleep(0.5)
        for session in gone:
            again, _ = opened(stack, url, mine, session)
            again.close()
        for window, _ in windows:
            window.close()


def has_ended(window: ClientConnection) -> bool:
    """Whether it was closed, by whatever is not read yet."""
    try:
        while True:
            window.recv(timeout=0.2)
    except TimeoutError:
        return False
    except ConnectionClosed:
        return True
