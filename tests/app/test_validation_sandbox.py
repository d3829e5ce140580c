"""The whole way in a sandbox: counted, billed at changed prices and quantities, read again, and told apart."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.app.backends import Person, Site
from tests.app.runners import FakeTarget, place, work_off
from tests.sandbox.rig import Rig
from tests.sandbox.twins import placement_of, ring, small_twin
from twin2multicloud.app.monitoring.metering import UsageTaker
from twin2multicloud.app.services.places import sandbox_layout

pytestmark = pytest.mark.slow
_SMALL = Decimal("0.0001")


class Running:
    """A twin that has run, and somebody who may look at it."""

    def __init__(self, owner: Person, twin: str, rig: Rig) -> None:
        self.owner, self.twin, self.rig = owner, twin, rig

    def validation(self) -> Any:
        return self.owner.get(f"twins/{self.twin}/validation")

    def bill(self, **changes: Any) -> None:
        answer = self.owner.call("POST", f"twins/{self.twin}/bills/simulated", code=200, json=changes)
        assert answer.headers["content-type"].startswith("text/csv")
        self.owner.post(f"twins/{self.twin}/bills", {"content": answer.text}, 201)


@pytest.fixture
def running(sqlite_site: Site) -> Iterator[Running]:
    owner = sqlite_site.person("wanda")
    twin = owner.create_twin()["id"]
    place(sqlite_site, twin)
    owner.post(f"twins/{twin}/runs", {"kind": "deploy", "approve": True}, 201)
    work_off(sqlite_site, FakeTarget(sqlite_site))
    rig = Rig(sandbox_layout(sqlite_site.backend, twin).directory, *small_twin(12), placement_of(ring(0, 1)))
    rig.up()
    try:
        yield Running(owner, twin, rig)
    finally:
        rig.down()


def test_what_was_changed_is_what_is_found(running: Running) -> None:
    run = running.rig.run(messages=6)
    running.rig.settle(len(run.ledger))
    running.rig.client.set_clock(speed=0.0)  # so that the same is metered each time
    before = running.validation()
    assert (before["period"], before["usd_billed"]) == (None, None)
    assert before["metered_s"] > 0
    assert not [problem for problem in before["problems"] if "our pace" in problem]
    _adds_up(before)
    assert [(each["estimate"], each["actual"]) for each in before["measures"]] == [("predicted", "metered")]

    dearest = sorted(
        (each for each in before["meters"] if each["metered"]), key=lambda each: -Decimal(each["usd_metered"])
    )
    price, counted = dearest[0]["meter"], dearest[1]["meter"]
    running.bill(prices={price: 1.5}, quantities={counted: 2.0}, unmodelled={"azure": 12.25})
    after = running.validation()
    _adds_up(after)
    assert after["period"] is not None
    assert after["effects"]["not-modelled"] == "12.25"
    assert after["unmapped"][0]["usd"] == "12.25"
    told = {each["meter"]: each for each in after["meters"]}
    metered = {each["meter"]: Decimal(each["usd_metered"]) for each in after["meters"]}
    _is_about(told[price]["usd_billed"], metered[price] * Decimal("1.5"))
    _is_about(told[counted]["usd_billed"], metered[counted] * 2)
    for meter, each in told.items():
        found = {cause for cause in ("price", "counting") if abs(Decimal(each["effects"].get(cause, "0"))) > _SMALL}
        assert found == ({"price"} if meter == price else {"counting"} if meter == counted else set()), meter
    assert {each["actual"] for each in after["measures"]} == {"metered", "billed"}
    assert not [problem for problem in after["problems"] if "bill" in problem]

    refused = running.owner.post(f"twins/{running.twin}/bills/simulated", {"prices": {"aws.no.meter": 2}}, 422)
    assert "is no meter of this bill" in refused["detail"]


def test_what_it_uses_is_taken_down(sqlite_site: Site, running: Running) -> None:
    taker = UsageTaker(sqlite_site.backend)
    run = running.rig.run(messages=6)
    running.rig.settle(len(run.ledger))
    running.rig.client.set_clock(speed=0.0)
    before = running.owner.get(f"twins/{running.twin}/costs")["month"]
    assert before["counted_s"] > 0
    assert taker.is_due(running.twin, "sandbox")
    taker.attend(running.twin, "sandbox")
    assert not taker.is_due(running.twin, "sandbox")
    taken = running.owner.get(f"twins/{running.twin}/costs")["month"]
    taker.attend(running.twin, "sandbox")
    again = running.owner.get(f"twins/{running.twin}/costs")["month"]
    for month in (taken, again):
        assert month["counted_s"] == pytest.approx(before["counted_s"])
        assert month["usd_to_date"] == pytest.approx(before["usd_to_date"])
    days = running.owner.get(f"twins/{running.twin}/costs/history")["days"]
    assert sum(day["usd_metered"] for day in days) == pytest.approx(before["usd_to_date"])
    # The pages ask what was taken down, and what came since.
    running.rig.client.set_clock(speed=100.0)
    more = running.rig.run(messages=3)
    running.rig.settle(len(run.ledger) + len(more.ledger))
    later = running.owner.get(f"twins/{running.twin}/costs")["month"]
    assert later["counted_s"] > again["counted_s"]
    # Faster than this machine can be exact: said by all that compare.
    running.rig.client.set_clock(speed=0.0)
    assert any("our pace" in problem for problem in running.validation()["problems"])
    assert "our pace" in running.owner.get(f"twins/{running.twin}/meters")["note"]


def _adds_up(found: Any) -> None:
    for each in found["meters"]:
        assert sum(Decimal(amount) for amount in each["effects"].values()) == Decimal(each["difference"])
    assert sum(Decimal(amount) for amount in found["effects"].values()) == Decimal(found["difference"])


def _is_about(usd: str, expected: Decimal) -> None:
    assert abs(Decimal(usd) - expected) < _SMALL
