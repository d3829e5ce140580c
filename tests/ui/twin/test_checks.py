"""What checks found, on a twin's overview."""

from __future__ import annotations

import pytest

from tests.app.backends import Person, Site
from tests.app.runners import FakeTarget, place, work_off
from tests.app.test_checks import Eye, passes
from tests.ui.conftest import OpenUi
from tests.ui.driver import driven
from twin2multicloud.app.monitoring.examining import Checker
from twin2multicloud.app.services.health_history import CheckResult
from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.twin.overview.checks import called


@driven
async def test_checks_that_are_not_well_come_first_with_what_changed(
    ui: OpenUi, sqlite_site: Site, person: Person
) -> None:
    twin = person.create_twin()["id"]
    place(sqlite_site, twin)
    person.post(f"twins/{twin}/runs", {"kind": "deploy", "approve": True}, 201)
    work_off(sqlite_site, FakeTarget(sqlite_site))
    async with ui(places.twin(twin)) as page:
        await page.sees("Nothing was checked yet")
    well = [CheckResult("queue", f"queue/aws/{number}", "ok", value=0.0, limit=60.0, unit="s") for number in range(8)]
    eye = Eye(more=well)
    checker = Checker(sqlite_site.backend, {"sandbox": eye})
    passes(sqlite_site, checker, twin, 10)
    eye.health = "down"
    passes(sqlite_site, checker, twin, 10)
    async with ui(places.twin(twin)) as page:
        await page.sees("From end to end")
        await page.sees("it does not come")
        await page.sees("From end to end: down, was ok")
        shares = [float(each.removesuffix(" %")) for each in page.texts() if each.endswith(" %")]
        assert min(shares) == pytest.approx(50, abs=5), "it came for half of the time"
        assert "Queue 7 at AWS" not in page.texts()
        await page.press("All 9 checks")
        await page.sees("Queue 7 at AWS")


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("layer/L3.hot", "L3 Storage"),
        ("link/persist", "Link, processed records"),
        ("function/gcp/persist-receiver", "Function persist-receiver at GCP"),
        ("store/hot", "Hot store"),
        ("of-a-later-version", "of-a-later-version"),
    ],
)
def test_checks_are_called_as_people_say(subject: str, said: str) -> None:
    assert called(subject).startswith(said)
