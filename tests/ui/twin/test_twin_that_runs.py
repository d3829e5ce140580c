"""The page of a twin that runs, over a real sandbox."""

from __future__ import annotations

import asyncio

import flet as ft
import pytest

from tests.app.test_watching_sandbox import Running, running
from tests.ui.conftest import OpenUi
from tests.ui.driver import driven
from twin2multicloud.app.ui import places
from twin2multicloud.simulator.faults import Fault

pytestmark = pytest.mark.slow
__all__ = ["running"]


@driven
async def test_a_twin_is_watched_and_operated(ui: OpenUi, running: Running) -> None:
    sending = asyncio.to_thread(running.rig.run, messages=12, interval_s=0.3, faults={Fault.MALFORMED: 0.1})
    async with ui(places.twin(running.twin), who=running.owner) as page:
        sent = asyncio.create_task(sending)
        await page.sees("messages / s, of the last 10 s")
        await page.until(lambda: [each for each in page.all(ft.Semantics) if each.label == "L2 Processing: ok"])
        await page.go(places.asked(places.twin(running.twin), slot="L3.hot"))
        await page.sees("Looked at")
        await page.go(places.twin(running.twin, "devices"))
        await page.sees("lamp-1")
        await page.press("meter-003")
        await page.sees("Last message")
        await page.until(
            lambda: [
                each for each in page.all(ft.Semantics) if (each.label or "").startswith("temperature of meter-003:")
            ]
        )
        await page.go(places.twin(running.twin, "graph"))
        await page.sees("contains 12")
        await page.go(places.twin(running.twin, "cost"))
        await page.sees("Meter by meter")
        await page.sees("Day by day")
        await sent
        await page.go(places.twin(running.twin, "dead-letters"))
        await page.sees("not JSON")
        await page.press("Replay (all)")
        await page.sees("put back")
        await page.press("Drop (all)")
        await page.sees("Drop dead letters?")
        await page.press("Drop")
        await page.sees("No message was set aside")


@driven
async def test_a_fault_is_switched_on_seen_and_switched_off(ui: OpenUi, running: Running) -> None:
    async with ui(places.twin(running.twin, "errors"), who=running.owner) as page:
        await page.sees("None is on")
        await page.press("Inject a fault")
        await page.fill("What goes wrong", "delay")
        await page.fill("By", "soon")
        await page.press("Switch on")
        await page.until(lambda: getattr(page.field("By"), "error", None) == "is a number")
        assert running.get("status")["clouds"][0]["faults"] == []
        await page.fill("By", "0.2")
        await page.fill("Where", "persist")
        await page.press("Switch on")
        await page.sees("delay persist")
        await page.press("Switch all off")
        await page.sees("None is on")
        assert all(cloud["faults"] == [] for cloud in running.get("status")["clouds"])
