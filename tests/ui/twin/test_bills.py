"""Bills on the page of costs: read by a button, followed while that goes on, and what became of it."""

from __future__ import annotations

import pytest

from tests.app.backends import Person, Site
from tests.app.runners import work_off
from tests.app.test_bill_runs import connect, exporting
from tests.app.test_placements import place, propose
from tests.costing.bills import line
from tests.ui.conftest import OpenUi
from tests.ui.driver import Ui, driven
from twin2multicloud.app.cost_sources.exports import SourceError
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.services import bill_fetching
from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.twin.cost.bill_asking import Asking, rates_in


@pytest.fixture
def twin(sqlite_site: Site, person: Person) -> str:
    connect(sqlite_site, person)
    found: str = person.create_twin()["id"]
    return found


def cost(twin: str) -> str:
    return places.asked(places.twin(twin, "cost"), target="clouds")


async def filled(page: Ui, **given: str) -> None:
    """Press the button, and fill in what it asks for."""
    await page.until(lambda: not getattr(page.button("Read a bill"), "disabled", True))
    await page.press("Read a bill")
    for label, value in given.items():
        await page.fill(label.replace("_", " "), value)


@pytest.mark.parametrize("width", [1_280, 360])
@driven
async def test_a_bill_is_read_by_a_button_and_followed_to_its_end(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    def refused() -> object:
        yield line("9")
        raise SourceError("the bucket bills cannot be read: AccessDenied")

    async with ui(cost(twin), width=width) as page:
        await page.sees("None was read yet")
        await filled(page, Month="last month")
        await page.press("Begin")
        await page.until(lambda: getattr(page.field("Month"), "error", None))
        assert getattr(page.field("Bucket and prefix"), "error", None) == "is needed"
        await page.fill("Month", "2026-11")
        await page.fill("Bucket and prefix", "https://elsewhere")
        await page.press("Begin")
        await page.sees("is no place of exports of AWS")
        await page.fill("Bucket and prefix", "s3://bills/focus")
        await page.press("Begin")
        await page.sees("queued")
        assert getattr(page.button("Read a bill"), "disabled", False), "one at a time"
        exporting(monkeypatch, refused)  # type: ignore[arg-type]
        work_off(sqlite_site)
        await page.sees("the bucket bills cannot be read: AccessDenied")
    sqlite_site.clock.time += 60
    async with ui(cost(twin), width=width) as page:
        await page.sees("the bucket bills cannot be read: AccessDenied")
        exporting(monkeypatch, lambda: iter([line("2.5")]))
        await filled(page, Month="2026-11", Bucket_and_prefix="s3://bills/focus")
        await page.press("Begin")
        await page.sees("queued")
        work_off(sqlite_site)
        await page.sees("$2.50")
        assert not any("AccessDenied" in each for each in page.texts())


@driven
async def test_a_cloud_is_asked_every_day_and_at_once_when_somebody_wants_it(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(person, twin, 1, optimization=propose(person, twin, constraints={"providers": ["aws"]})["id"])
    async with ui(cost(twin)) as page:
        await page.sees("Billed: no bill of it was read yet (costs import)")
        await filled(page, Cloud="gcp", How="query")
        await page.sees("by its export in BigQuery only")
        await page.fill("Cloud", "aws")
        await page.sees("takes 0.01 USD a request")
        await page.fill("From now on, every day", True)
        await page.press("Begin")
        await page.sees("asked every day: the connection’s account")
        (source,) = person.get(f"twins/{twin}/bills/sources")
        assert (source["cloud"], source["kind"], source["location"]) == ("aws", "query", "")
        monkeypatch.setattr(bill_fetching, "told_lines", lambda *_: iter([line("4")]))
        await page.press("Read the bill of AWS now")
        await page.sees("queued")
        work_off(sqlite_site)
        await page.sees("Cost Explorer, 123456789012")
        await page.sees("Billed: the bill of 2026-11")
        await page.press("Read bills of AWS no more")
        await page.until(lambda: not person.get(f"twins/{twin}/bills/sources"))


@driven
async def test_who_may_only_look_reads_no_bill(ui: OpenUi, sqlite_site: Site, person: Person, twin: str) -> None:
    person.call("PUT", f"twins/{twin}/bills/sources/aws", json={"kind": "query"}, code=200)
    async with ui(cost(twin), who=sqlite_site.person("vera", Role.VIEWER)) as page:
        await page.sees("asked every day")
        for label in ("Read a bill", "Read now", "Read no more"):
            with pytest.raises(LookupError):
                page.button(label)


def test_what_is_asked_for() -> None:
    asking = Asking("2026-11", "azure", "query", " /subscriptions/x ", "eur=1.08; GBP=1.3")
    assert asking.problems() == {}
    assert asking.fetch.model_dump() == {
        "cloud": "azure",
        "kind": "query",
        "location": "/subscriptions/x",
        "period": "2026-11",
        "usd_per": {"EUR": 1.08, "GBP": 1.3},
    }
    assert Asking("", rates="EUR").problems().keys() == {"location", "month", "rates"}
    assert Asking("", location="s3://a/b", daily=True).problems() == {}


@pytest.mark.parametrize("wrong", ["EUR", "EUR=", "EUR=0", "EUR=-1", "EUR=inf", "EURO=1", "=1", "EUR=1,08"])
def test_what_is_no_rate(wrong: str) -> None:
    assert rates_in(wrong) is None
