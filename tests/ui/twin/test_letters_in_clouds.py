"""The page of a twin in clouds: how its layers do by their checks, and the messages that were set aside there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.backends import Person, Site
from tests.app.cloud_rig import Clouds
from tests.ui.conftest import OpenUi
from tests.ui.driver import driven
from twin2multicloud.app.services import cloud_letters, health_history
from twin2multicloud.app.services.health_history import CheckResult
from twin2multicloud.app.ui import places
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.runtime.envelope import RawMessage, encode
from twin2multicloud.runtime.ports import DeadLetter


@pytest.fixture
def twin(sqlite_site: Site, person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    found: str = person.create_twin()["id"]
    clouds = Clouds(tmp_path / "clouds")
    clouds.deploy(sqlite_site, found)
    monkeypatch.setattr(cloud_letters, "opener", lambda _backend: clouds.open)
    azure = next(ports for site, ports in clouds.shared_ports.items() if site.provider is Provider.AZURE)
    body = encode(RawMessage("sensor-1", b'{"temperature": "warm"}', 1.0))
    at = "2026-11-26T08:00:00.000000Z"
    letters = [
        DeadLetter("aa11", "intake", "not a number", body, at, "sensor-1", "", "process"),
        DeadLetter("bb22", "intake", "no JSON", b"\xff", at, "", "", "process"),
    ]
    azure.dead_letters.put(letters)
    failing = CheckResult("layer", f"layer/{Slot.PROCESSING.value}", "down", "150 of 200 invocations failed")
    with sqlite_site.backend.database.write() as session:
        health_history.record(session, found, "clouds", [failing], sqlite_site.backend.now())
    yield found
    clouds.close()


@pytest.mark.parametrize("width", [1_280, 360])
@driven
async def test_letters_are_put_back_and_what_stays_says_why(ui: OpenUi, twin: str, width: int) -> None:
    async with ui(places.twin(twin, "dead-letters"), width=width) as page:
        await page.sees("not a number")
        await page.press("Replay (all)")
        await page.sees("1 message was put back.")
        await page.sees("it is no message of the twin")
        await page.press("Drop (all)")
        await page.press("Drop")
        await page.sees("No message was set aside")


@driven
async def test_layers_tell_what_checks_found(ui: OpenUi, twin: str) -> None:
    async with ui(places.twin(twin)) as page:
        await page.sees("150 of 200 invocations failed")
