"""The page of a twin of which only some layers are deployed, over a real sandbox."""

from __future__ import annotations

from collections.abc import Iterator

import flet as ft
import pytest

from tests.app.backends import Person, Site
from tests.app.runners import FakeTarget, place, work_off
from tests.sandbox.rig import Rig
from tests.sandbox.twins import placement_of, small_twin
from tests.ui.conftest import OpenUi
from tests.ui.driver import driven
from twin2multicloud.app.services.places import sandbox_layout
from twin2multicloud.app.ui import places
from twin2multicloud.model.slots import Slot
from twin2multicloud.sandbox.launch import launch

pytestmark = pytest.mark.slow


@pytest.fixture
def partly(sqlite_site: Site, person: Person) -> Iterator[str]:
    """A twin of which only acquisition and processing are deployed."""
    twin: str = person.create_twin()["id"]
    place(sqlite_site, twin)
    person.post(f"twins/{twin}/runs", {"kind": "deploy", "slots": ["L1", "L2"], "approve": True}, 201)
    work_off(sqlite_site, FakeTarget(sqlite_site))
    directory = sandbox_layout(sqlite_site.backend, twin).directory
    rig = Rig(directory, *small_twin(4), placement_of("aws"))
    launch(rig.layout, rig.twin, slots=[Slot.ACQUISITION, Slot.PROCESSING])
    yield twin
    rig.down()


@driven
async def test_what_is_not_deployed_says_so_and_leads_to_where_it_is(ui: OpenUi, partly: str) -> None:
    async with ui(places.twin(partly)) as page:
        names = [f"L3 Storage · {tier}: not deployed yet" for tier in ("hot", "cool", "archive")]
        names += ["L1 Acquisition: ok", "L2 Processing: ok", "L5 Visualization: not deployed yet"]
        shown = await page.until(lambda: {each.label for each in page.all(ft.Semantics) if each.label in names})
        assert shown == set(names)
        # Why nothing is seen of it.
        await page.sees("Not live: L3.hot (Storage · hot) is not deployed yet; deploy it first")
        await page.go(places.twin(partly, "devices"))
        await page.sees("L3.hot (Storage · hot) is not deployed yet; deploy it first")
        await page.go(places.twin(partly, "graph"))
        await page.sees("L4 (Management) is not deployed yet; deploy it first")
        await page.go(places.twin(partly))
        await page.press("L5 Visualization: not deployed yet")
        await page.sees("○ not there")
        assert page.page.route == places.deploy_to(partly, "sandbox")
        await page.go(places.twin(partly))
        await page.press("Deploy layers")
        await page.sees("○ not there")
