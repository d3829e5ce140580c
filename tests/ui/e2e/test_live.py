"""Storms in a real browser: errors by the hundred a second while somebody works, a log of a hundred thousand lines."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.ui.browser import Heard, tap
from tests.ui.e2e import hands
from tests.ui.e2e.conftest import Enter
from tests.ui.e2e.hands import button, said
from twin2multicloud.app.data_directory import sandbox_directory
from twin2multicloud.app.schemas.sandboxes import FaultInput
from twin2multicloud.app.server_process import ServerProcess

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browsers 3")]

DEVICES = 30
PER_SECOND = 400
VIEWS = 8
"""So many are gone to in a storm, which lasts as long as that takes."""
LINES = 100_000
NODES = 3_000
"""What is in view is some hundred widgets, however much there is."""


@pytest.fixture(scope="module")
def twin(backend: ServerProcess) -> str:
    """The smart home, which runs with many devices."""
    twin = hands.smart_home(backend.client).id
    backend.deploy(twin, devices=DEVICES)
    return twin


@contextmanager
def storm(backend: ServerProcess, twin: str, told: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Its devices send until they are interrupted, half of it spoiled; a report of it is in `told` at the end."""
    keys = sandbox_directory(backend.data, twin) / "connection.json"
    options = ["--devices", str(DEVICES), "--rate", str(PER_SECOND), "--json"]
    command = ["simulate", "smart-home", "--keys", str(keys), *options, "--fault", "malformed=0.5"]
    with told.open("wb") as report:
        process = subprocess.Popen(
            [sys.executable, "-m", "twin2multicloud", *command], stdout=report, stderr=subprocess.DEVNULL
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def nodes(tab: Page) -> int:
    """How many parts the view has for screen readers."""
    return tab.locator("flt-semantics-host flt-semantics").count()


def in_view(tab: Page) -> dict[str, int]:
    """How often each alert came that the feed shows, by what it is called."""
    rows = tab.get_by_test_id("alerts").get_by_role("button").all_text_contents()
    found = {}
    for row in rows:
        message, _, rest = row.partition("\n")
        if rest:
            device = re.search(r"· ([^·\n]+)\n", rest)
            count = re.search(r"× ([\d,]+)", rest)
            assert device is not None
            found[f"{device[1]}: {message}"] = int(count[1].replace(",", "")) if count else 1
    return found


def test_a_page_can_be_worked_with_in_a_storm_and_shows_all_of_it(
    tab: Page, heard: Heard, backend: ServerProcess, twin: str, enter: Enter, tmp_path: Path
) -> None:
    messages: list[int] = []
    sockets: list[WebSocket] = []

    def connected(socket: WebSocket) -> None:
        sockets.append(socket)
        socket.on("framereceived", lambda frame: messages.append(len(frame)))

    tab.on("websocket", connected)
    enter(f"/twins/{twin}/errors")
    expect(said(tab, "No errors and no warnings")).to_be_visible()
    client, told = backend.client, tmp_path / "storm.json"

    def malformed() -> dict[str, int]:
        found = [each for each in client.alerts.list(twin=twin, limit=500) if each.kind == "malformed"]
        return {f"{each.data['device']}: {each.message}": each.count for each in found}

    with storm(backend, twin, told) as devices:
        expect(said(tab, re.compile("× [0-9]"))).to_be_visible()
        before = len(messages)
        client.operating.inject(twin, FaultInput(kind="outage", target="gcp", duration_s=5))
        for part in islice(cycle(("Devices", "Errors", "Overview", "Dead letters")), VIEWS):
            tap(button(tab, part, exact=True))
            expect(tab.locator("[aria-current=true]", has_text=re.compile(f"^{part}$"))).to_have_count(1)
            assert nodes(tab) < NODES
        assert devices.poll() is None, "it stormed all the while"
        devices.send_signal(signal.SIGINT)
        stormed = len(messages) - before
        assert devices.wait() == 0
    tap(button(tab, "Errors", exact=True))
    spoiled = json.loads(told.read_text())["faults"]["malformed"]

    # Nothing is lost, neither from the history nor from the view, and the newest is on top.
    hands.eventually(lambda: sum(malformed().values()) == spoiled, lambda: f"{spoiled} in {malformed()}")
    newest = [each for each in client.alerts.list(twin=twin, limit=500) if each.kind == "malformed"]
    hands.eventually(
        lambda: {name: count for name, count in in_view(tab).items() if name in malformed()} == malformed(),
        lambda: f"{malformed()} in view, but {in_view(tab)}",
    )
    shown = [name for name in in_view(tab) if name in malformed()]
    assert shown[0] == f"{newest[0].data['device']}: {newest[0].message}"
    errors = [each for each in client.operating.errors(twin, limit=500) if each.kind == "malformed"]
    assert sum(each.count for each in errors) == spoiled

    # What went to the page meanwhile is a small part of what happened, by the one connection that it began with.
    assert stormed < spoiled / 5
    assert len(sockets) == 1
    assert [each for each in heard.complaints if hands.RIVE not in each and "GL Driver Message" not in each] == []


def write_lines(data: Path, run: str, count: int) -> None:
    """Lines of a run's log, as if Terraform had said them before it was done."""
    with closing(sqlite3.connect(data / "app.db", timeout=60)) as base, base:
        workspace, twin = base.execute("SELECT workspace_id, twin_id FROM events WHERE run_id = ?", (run,)).fetchone()
        begun = datetime.now(UTC)
        base.executemany(
            "INSERT INTO events (at, workspace_id, twin_id, run_id, kind, severity, stack, message, data)"
            " VALUES (?, ?, ?, ?, 'engine.log', 'info', 'L2', ?, '{}')",
            (
                (f"{begun + timedelta(milliseconds=each):%Y-%m-%d %H:%M:%S.%f}", workspace, twin, run, f"line {each}")
                for each in range(count)
            ),
        )
        base.execute(
            "UPDATE events SET id = (SELECT max(id) + 1 FROM events) WHERE run_id = ? AND kind = 'run.succeeded'",
            (run,),
        )


def test_a_log_of_a_hundred_thousand_lines_is_scrolled(
    tab: Page, heard: Heard, backend: ServerProcess, twin: str, enter: Enter
) -> None:
    run = hands.newest_run(backend, twin).id
    write_lines(backend.data, run, LINES)
    enter(f"/runs/{run}")
    expect(said(tab, re.compile(f"line {LINES - 1}$"))).to_be_visible()  # what is newest comes first
    log = tab.get_by_role("group", name=re.compile("^Log, "))
    expect(log).to_have_attribute("aria-label", re.compile(r"^Log, 100,\d{3} lines"))
    box = log.bounding_box()
    assert box is not None
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for _ in range(20):
        tab.mouse.wheel(0, -1_000)
        tab.wait_for_timeout(50)
        assert nodes(tab) < NODES
    expect(said(tab, re.compile(f"line {LINES - 1}$"))).to_be_hidden()
    first = int(re.findall(r"line (\d+)", log.inner_text())[0])
    assert LINES - 10_000 < first < LINES - 500
    tap(button(tab, "Follow the end"))
    expect(said(tab, re.compile(f"line {LINES - 1}$"))).to_be_visible()
    assert [each for each in heard.complaints if hands.RIVE not in each and "GL Driver Message" not in each] == []
