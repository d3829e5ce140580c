"""What all twins of a workspace cost together is held against one budget, and told as an alert of the workspace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.app.backends import Person, Site
from tests.app.test_bills import export
from tests.app.test_budgets import PER_USD, WRITES
from tests.costing.bills import line
from twin2multicloud.app.db.tables.costs import UsageSample
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.app.monitoring.escalating import escalate
from twin2multicloud.app.services import budgets
from twin2multicloud.model.errors import PriceError

HOUR = timedelta(hours=1)


@pytest.fixture
def noon(here: Site) -> datetime:
    return datetime.fromtimestamp(here.clock.now(), UTC).replace(minute=0, second=0, microsecond=0)


@pytest.fixture
def twins(here: Site, owner: Person) -> list[str]:
    """Three of them in clouds."""
    made = [str(owner.create_twin(name)["id"]) for name in ("greenhouse", "barn", "mill")]
    for twin in made:
        deployed(here, twin)
    return made


def deployed(here: Site, twin: str) -> None:
    """A stack of it is in a cloud."""
    row = Stack(
        twin_id=twin, target="clouds", name="l1", slot="", site="aws/eu-central-1", fingerprint="x", whole=True,
        applied_at=here.backend.now(),
    )  # fmt: skip
    with here.backend.database.write() as session:
        session.add(row)


def metered(here: Site, twin: str, usd: float, hour: datetime) -> None:
    """So much of it was used in an hour, and seen."""
    with here.backend.database.write() as session:
        session.merge(
            UsageSample(
                twin_id=twin,
                target="clouds",
                hour=hour,
                meter=WRITES[0],
                region=WRITES[1],
                quantity=usd * PER_USD,
                seconds=3_600.0,
            )
        )
    budgets.watch(here.backend, twin, "clouds", hour + HOUR)


def budget(here: Site, owner: Person, usd: float, **more: Any) -> Any:
    path = f"workspaces/{here.workspace_id}/budget"
    return owner.call("PUT", path, code=200, json={"usd_per_month": usd, "on_forecast": False, **more}).json()


def alerts(person: Person) -> list[Any]:
    return [each for each in person.get("alerts", params={"limit": 100})["items"] if each["kind"] == "budget"]


def still_open(person: Person) -> list[Any]:
    return [each for each in alerts(person) if not each["over"]]


def test_shares_of_it_are_told_once_by_all_twins_together(
    here: Site, owner: Person, twins: list[str], noon: datetime
) -> None:
    greenhouse, barn, mill = twins
    budget(here, owner, 100)
    metered(here, greenhouse, 30.0, noon - 3 * HOUR)
    assert not alerts(owner)
    for _ in range(3):
        metered(here, barn, 25.0, noon - 3 * HOUR)
    (alert,) = alerts(owner)
    assert (alert["twin"], alert["twin_name"], alert["workspace"]) == (None, None, here.workspace_id)
    assert (alert["count"], alert["severity"], alert["target"]) == (1, "warning", "clouds")
    assert alert["message"] == (
        f"{noon:%B %Y} costs 55.00 USD so far in all twins of this workspace in clouds: 55% of the budget of 100.00 "
        "USD; not known whole: mill (nothing of it was metered or billed in this month yet)"
    )
    assert alert["data"]["not_known"][0]["twin"] == mill
    metered(here, mill, 30.0, noon - 3 * HOUR)
    (alert,) = still_open(owner)
    assert (alert["data"]["threshold"], alert["message"].endswith("85% of the budget of 100.00 USD")) == (0.8, True)
    metered(here, mill, 20.0, noon - 2 * HOUR)
    (alert,) = still_open(owner)
    assert (alert["data"]["threshold"], alert["severity"]) == (1.0, "error")
    # Raised: what it is told of then is what is reached of the new one.
    shown = budget(here, owner, 200)
    (alert,) = still_open(owner)
    assert alert["data"]["threshold"] == 0.5
    budget(here, owner, 200, thresholds=[0.9])
    assert not still_open(owner)
    clouds, sandboxes = shown["spent"]
    assert (clouds["target"], clouds["usd_to_date"]) == ("clouds", pytest.approx(105))
    assert [each["name"] for each in clouds["twins"]] == ["mill", "greenhouse", "barn"]
    assert not sandboxes["twins"], "what is simulated is not among what costs money"
    owner.call("DELETE", f"workspaces/{here.workspace_id}/budget", code=204)
    owner.get(f"workspaces/{here.workspace_id}/budget", 404)


def test_what_was_billed_counts_where_it_is_more_or_nothing_is_metered(
    here: Site, owner: Person, twins: list[str], noon: datetime
) -> None:
    budget(here, owner, 10)

    def billed(twin: str, name: str, usd: str) -> None:
        content = export(line(usd, tags={"twin": name})).replace("2026-11", f"{noon:%Y-%m}")
        content = content.replace("2026-12", f"{(noon.replace(day=1) + timedelta(days=32)):%Y-%m}")
        owner.post(f"twins/{twin}/bills", {"target": "clouds", "content": content}, 201)

    metered(here, twins[0], 2.0, noon - HOUR)
    billed(twins[0], "greenhouse", "3")
    billed(twins[1], "barn", "4")
    shown = owner.get(f"workspaces/{here.workspace_id}/budget")["spent"][0]
    assert [(each["name"], each["usd_to_date"]) for each in shown["twins"]] == [
        ("barn", 4.0),
        ("greenhouse", 3.0),
        ("mill", None),
    ]
    assert shown["twins"][0]["problem"] == "it is not metered; its bill counts"
    (alert,) = still_open(owner)
    assert alert["data"]["usd"] == pytest.approx(7.0)


def test_a_forecast_is_told_as_one_and_a_month_begins_at_nothing(
    here: Site, owner: Person, twins: list[str], noon: datetime
) -> None:
    budget(here, owner, 100, thresholds=[1.0], on_forecast=True)
    for number in range(6):
        metered(here, twins[0], 2.0, noon - (6 - number) * HOUR)
    (alert,) = still_open(owner)
    assert (alert["data"]["of"], alert["severity"]) == ("forecast", "warning")
    assert "by its end (forecast)" in alert["message"]
    here.clock.pass_by(40 * 86_400)
    metered(here, twins[1], 0.001, noon + timedelta(days=40) - HOUR)
    assert not still_open(owner), "what was spent in another month does not count"


def test_a_twin_without_prices_is_named_and_not_counted_as_nothing(
    here: Site, owner: Person, twins: list[str], noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget(here, owner, 10)
    metered(here, twins[0], 6.0, noon - HOUR)

    def missing(*_: object) -> None:
        raise PriceError("aws.dynamodb.write-units has no price")

    monkeypatch.setattr(budgets, "to_date", missing)
    with pytest.raises(PriceError):
        metered(here, twins[1], 1.0, noon - HOUR)
    (alert,) = still_open(owner)
    assert "barn (it cannot be priced: aws.dynamodb.write-units has no price)" in alert["message"]


def test_what_was_metered_long_ago_is_said_to_be_of_then(
    here: Site, owner: Person, twins: list[str], noon: datetime
) -> None:
    budget(here, owner, 10)
    metered(here, twins[0], 6.0, noon - timedelta(days=2))
    (alert,) = still_open(owner)
    assert (
        f"greenhouse (it was metered until {noon - timedelta(days=2) + HOUR:%Y-%m-%d %H:%M} UTC only)"
        in (alert["message"])
    )


def test_it_is_seen_looked_after_muted_and_escalated_by_roles_in_the_workspace(
    here: Site, owner: Person, twins: list[str], noon: datetime
) -> None:
    viewer, stranger = here.person("vera", Role.VIEWER), here.person("sam", None)
    guest = here.person("gus", None)
    owner.call("PUT", f"twins/{twins[0]}/members/{guest.user_id}", code=200, json={"role": "owner"})
    budget(here, owner, 10)
    metered(here, twins[0], 12.0, noon - HOUR)
    (alert,) = alerts(viewer)
    path = f"alerts/{alert['id']}"
    assert viewer.get(path)["workspace_name"]
    viewer.post(f"{path}/acknowledge", code=403)
    for outside in (stranger, guest):  # who has a role for one twin is told nothing of all
        assert not alerts(outside)
        outside.get(path, 404)
    policy = f"workspaces/{here.workspace_id}/alert-policy"
    made = owner.post(
        f"workspaces/{here.workspace_id}/alert-routes",
        {"kind": "webhook", "name": "boss", "url": "https://1.1.1.1/t2m", "only_escalated": True},
        201,
    )
    owner.call(
        "PUT", policy, code=200, json={"steps": [{"after_minutes": 10, "route": made["id"]}]},
        headers={"If-Match": '"0"'},
    )  # fmt: skip
    here.clock.pass_by(11 * 60)
    assert escalate(here.backend) == 1
    assert escalate(here.backend) == 0
    notices = owner.get(f"workspaces/{here.workspace_id}/alert-routes/{made['id']}/notices")["items"]
    assert [(each["alert"], each["reason"]) for each in notices] == [(alert["id"], "escalated")]
    assert owner.post(f"{path}/acknowledge")["acknowledged_by"] == "olga"
    assert owner.post(f"{path}/mute", {"minutes": 5})["muted_until"]
    assert owner.post(f"{path}/unmute")["muted_until"] is None
    events = [each for each in owner.get("events", params={"limit": 100})["items"] if each["kind"].startswith("alert")]
    assert {each["twin"] for each in events} == {None}


def test_a_rule_for_one_twin_does_not_keep_it_quiet(
    here: Site, owner: Person, twins: list[str], noon: datetime
) -> None:
    rules = f"workspaces/{here.workspace_id}/mute-rules"
    budget(here, owner, 10)
    owner.post(rules, {"twin": twins[0], "minutes": 60}, 201)
    metered(here, twins[0], 6.0, noon - 2 * HOUR)
    (alert,) = still_open(owner)
    assert alert["muted_until"] is None
    owner.post(rules, {"kind": "budget", "minutes": 60}, 201)
    assert still_open(owner)[0]["muted_until"] is not None
