"""Advice: moves that pay, in all that they cost; told once, kept while it holds, withdrawn when it does not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from msgspec import structs
from sqlalchemy import select

from tests.app.backends import TWIN, Person, Site
from tests.app.runners import FakeTarget, work_off
from tests.app.test_placements import place, propose
from tests.app.test_price_refresh import dearer, refreshed
from twin2multicloud.app.db.tables import Alert, Event
from twin2multicloud.app.db.tables.costs import WorkloadSample
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.monitoring.advising import Adviser, CloudAdviser
from twin2multicloud.app.moves import estimate_move
from twin2multicloud.app.optimizing import migrating
from twin2multicloud.app.optimizing.advising import Subject, Terms, advise
from twin2multicloud.app.optimizing.kept import Kept
from twin2multicloud.app.optimizing.migrating import Migration
from twin2multicloud.app.optimizing.solver import Solver
from twin2multicloud.app.optimizing.twins import asked_of
from twin2multicloud.app.services import advice, cloud_costs
from twin2multicloud.app.services.advice import Counted, is_otherwise
from twin2multicloud.model.constraints import Constraints
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import SLOTS, Provider, Slot
from twin2multicloud.model.template import EXAMPLES
from twin2multicloud.model.twin.compile import compile_twin
from twin2multicloud.model.twin.reader import twin_of_scenario
from twin2multicloud.moving.estimate import CLOUDS, Estimate
from twin2multicloud.optimizer.pricing.book import book_texts, load_book

NAME = "industrial-facility"
SPEC = compile_twin(twin_of_scenario(NAME))
SOURCE = (EXAMPLES / NAME / "twin.yaml").read_text()


@pytest.fixture(scope="module")
def solver() -> Solver:
    return Solver(load_book())


def placed_at(solver: Solver, cloud: Provider) -> Placement:
    """Where the twin is if it may use one cloud only."""
    asked = asked_of(Kept(SOURCE, "yaml", None, {}))
    return solver.optimum(asked.under(asked.constraints.model_copy(update={"providers": (cloud,)}))).placement


def subject(placement: Placement, overrides: Mapping[str, str] | None = None, **more: Any) -> Subject:
    kept = Kept(SOURCE, "yaml", placement.model_dump(mode="json"), overrides or {})
    return Subject(kept, SPEC, sandbox=False, **more)


def advised(solver: Solver, given: Subject, **terms: float) -> Any:
    return json.loads(advise(solver, given, Terms(**terms)))


@pytest.mark.parametrize("cloud", [Provider.AWS, Provider.GCP])
def test_nothing_leaves_more_than_what_is_proposed(solver: Solver, cloud: Provider) -> None:
    """Against every single move, and many of several slots at once, each estimated as it is carried out."""
    here = placed_at(solver, cloud)
    asked = asked_of(Kept(SOURCE, "yaml", None, {}))
    migration = Migration(solver.book, SPEC, asked.workload, asked.assumptions, CLOUDS)
    usd_now = solver.bill(asked, here).usd
    market = solver.of(asked).market
    slots = {
        slot: [market.choices[number] for number in np.flatnonzero(market.slot == at)] for at, slot in enumerate(SLOTS)
    }
    rng = np.random.default_rng(5)
    others = [here.with_choice(slot, choice) for slot in SLOTS for choice in slots[slot] if choice != here[slot]]
    for _ in range(60):
        other = here
        for slot in rng.choice(len(SLOTS), 3, replace=False):
            options = slots[SLOTS[int(slot)]]
            other = other.with_choice(SLOTS[int(slot)], options[int(rng.integers(len(options)))])
        others.append(other)
    fixed = Constraints(deployable_only=True)
    tried: dict[Placement, tuple[float, float]] = {}
    for other in others:
        moves = migration.moves(here, other)
        if any(move.missing for move in moves) or not all(_fits(solver, choice.offer) for _, choice in other.items()):
            continue
        usd = solver.bill(asked.under(fixed), other).usd
        if np.isfinite(usd):
            tried[other] = usd_now - usd, sum(move.usd for move in moves)
    assert len(tried) > 50
    for months in (3.0, 12.0, 48.0):
        found = advised(solver, subject(here), horizon_months=months)
        assert found["usd_per_month"] == pytest.approx(usd_now)
        proposed = found["proposed"]
        best = proposed["left_usd"] if proposed else 0.0
        for other, (saving, usd_once) in tried.items():
            assert saving * months - usd_once <= best + 0.01, (months, other)
        if proposed:
            check_sums(proposed, months)


def check_sums(proposed: dict[str, Any], months: float) -> None:
    once = sum(move["usd_once"] for move in proposed["moves"])
    assert proposed["usd_once"] == pytest.approx(once)
    assert proposed["left_usd"] == pytest.approx(proposed["saving_usd_per_month"] * months - once)
    assert proposed["payback_months"] == pytest.approx(once / proposed["saving_usd_per_month"])
    assert proposed["payback_months"] < months
    for move in proposed["moves"]:
        assert move["usd_once"] == pytest.approx(sum(cost["usd"] for cost in move["costs"]))


def _fits(solver: Solver, offer: str) -> bool:
    """Whether the workload does not outgrow an offer, and it can be deployed."""
    asked = asked_of(Kept(SOURCE, "yaml", None, {}))
    market = solver.of(asked).market
    known = {each.id: each for each in market.offers}
    if "fits" not in _fits.__dict__:
        from twin2multicloud.blueprint.volumes import Volumes

        fits, _ = market.holding(market.amounts(Volumes.of([asked.workload])))
        _fits.__dict__["fits"] = {each.id: bool(fit) for each, fit in zip(market.offers, fits[:, 0], strict=True)}
    return known[offer].deployable and _fits.__dict__["fits"][offer]


@pytest.mark.slow
def test_a_longer_horizon_lets_dearer_moves_pay(solver: Solver) -> None:
    here = placed_at(solver, Provider.GCP)
    at_once, middle, long = (advised(solver, subject(here), horizon_months=months) for months in (1e-6, 12.0, 120.0))
    assert (at_once["worth"], at_once["proposed"]) == (False, None)
    assert "pays back too late" in at_once["reason"]
    assert at_once["cheapest"]["saving_usd_per_month"] >= middle["proposed"]["saving_usd_per_month"]
    assert middle["worth"] is long["worth"] is True
    assert middle["proposed"]["payback_months"] < 12
    assert long["proposed"]["usd_once"] >= middle["proposed"]["usd_once"]
    assert long["proposed"]["saving_usd_per_month"] >= middle["proposed"]["saving_usd_per_month"]


def test_decisions_stay(solver: Solver) -> None:
    here = placed_at(solver, Provider.GCP)
    decided = {slot.value: f"{here[slot].offer}@{here[slot].region}" for slot in SLOTS}
    found = advised(solver, subject(here, decided))
    assert (found["worth"], found["proposed"], found["others"]) == (False, None, [])
    del decided["L5"]
    found = advised(solver, subject(here, decided))
    assert found["proposed"] is None or found["proposed"]["slots"] == ["L5"]


def test_what_is_held_decides_what_moving_costs(solver: Solver) -> None:
    here = placed_at(solver, Provider.GCP)
    full = advised(solver, subject(here))
    empty = advised(solver, subject(here, held={}))
    assert empty["proposed"]["usd_once"] < full["proposed"]["usd_once"] / 100
    assert empty["proposed"]["left_usd"] > full["proposed"]["left_usd"]


def test_more_messages_are_another_workload(solver: Solver) -> None:
    here = placed_at(solver, Provider.GCP)
    usual, busy = advised(solver, subject(here)), advised(solver, subject(here, observed=4.0))
    interval = usual["workload"]["message_interval_s"]
    assert busy["workload"]["message_interval_s"] == pytest.approx(interval / 4)
    assert (usual["observed"], busy["observed"]) == (None, 4.0)
    assert busy["usd_per_month"] > usual["usd_per_month"]


@pytest.mark.slow
def test_advice_that_stands_holds_longer_than_it_takes_to_be_given(solver: Solver) -> None:
    here = placed_at(solver, Provider.GCP)
    saving = advised(solver, subject(here))["proposed"]["saving_usd_per_month"]
    for least, new, standing in ((saving * 0.9, True, True), (saving * 1.5, False, True), (saving * 2.5, False, False)):
        found = [advised(solver, subject(here, stands=stands), least_saving_usd=least) for stands in (False, True)]
        assert [each["worth"] for each in found] == [new, standing]
    assert "too little to move for" in found[1]["reason"]


def test_a_move_without_a_price_is_not_proposed(solver: Solver, monkeypatch: pytest.MonkeyPatch) -> None:
    here = placed_at(solver, Provider.GCP)
    before = advised(solver, subject(here))["proposed"]
    assert "L3.hot" in before["slots"]

    def unpriced(there: Any, after: Any, slot: Slot, *rest: Any) -> Estimate:
        found = estimate_move(there, after, slot, *rest)
        if slot is not Slot.HOT:
            return found
        return structs.replace(found, costs=tuple(structs.replace(cost, usd=0.0, missing="?") for cost in found.costs))

    monkeypatch.setattr(migrating, "estimate_move", unpriced)
    found = advised(solver, subject(here))
    assert found["proposed"] is not None
    assert "L3.hot" not in found["proposed"]["slots"]
    assert found["proposed"]["left_usd"] < before["left_usd"]
    # What it would save is told all the same, with how much of it is not known.
    assert "L3.hot" in found["cheapest"]["slots"]
    assert found["cheapest"]["missing_prices"] > 0


# ── In the backend ──────────────────────────────────────────────────────────────────────────────────────────
def deployed(here: Site, owner: Person, cloud: str) -> str:
    twin: str = owner.create_twin("greenhouse")["id"]
    place(owner, twin, 1, optimization=propose(owner, twin, constraints={"providers": [cloud]})["id"])
    # What it follows may use one cloud only; as it is by itself, it may go anywhere.
    owner.call("PUT", f"twins/{twin}", code=200, json={"source": TWIN}, headers={"If-Match": '"2"'})
    owner.post(f"twins/{twin}/runs", {"kind": "deploy", "target": "clouds", "approve": True}, 201)
    work_off(here)
    return twin


def told(here: Site) -> list[Event]:
    with here.backend.database.read() as session:
        return list(session.scalars(select(Event).where(Event.kind == "advice").order_by(Event.id)))


def test_what_is_not_deployed_has_nothing_to_move(sqlite_site: Site) -> None:
    owner = sqlite_site.person("olga")
    twin = owner.create_twin()["id"]
    assert "is not deployed anywhere" in owner.get(f"twins/{twin}/advice", 409)["detail"]
    assert "not deployed there" in owner.get(f"twins/{twin}/advice?target=sandbox", 409)["detail"]


@pytest.mark.slow
def test_new_prices_give_advice_keep_it_and_withdraw_it(sqlite_site: Site) -> None:
    here = sqlite_site
    owner = here.person("olga")
    twin = deployed(here, owner, "aws")
    assert told(here) == []
    far = dearer(book_texts(), 200.0)
    assert refreshed(here, owner, far) is not None
    [first] = told(here)
    assert first.twin_id == twin
    assert first.data["worth"] is True
    assert first.data["saving_usd_per_month"] * 12 > first.data["usd_once"]
    [alert] = owner.get(f"twins/{twin}/alerts")["items"]
    assert (alert["kind"], alert["severity"], alert["over"], alert["target"]) == ("advice", "info", False, "clouds")
    assert alert["data"]["slots"] == first.data["slots"]
    assert "moving" in alert["message"]
    found = owner.get(f"twins/{twin}/advice")
    assert found["worth"] is True
    assert found["proposed"]["slots"] == first.data["slots"]
    assert found["price_book"]["hash"] == owner.get("prices")["hash"]
    soon = owner.get(f"twins/{twin}/advice?horizon_months=0.000001")
    assert soon["worth"] is False
    # Somewhat other prices, the same advice: nobody is told again, and whoever looks after it still does.
    owner.post(f"alerts/{alert['id']}/acknowledge")
    assert refreshed(here, owner, dearer(book_texts(), 190.0)) is not None
    assert len(told(here)) == 1
    [again] = owner.get(f"twins/{twin}/alerts?open=false")["items"]
    assert (again["count"], again["acknowledged_at"]) == (alert["count"], again["acknowledged_at"])
    assert again["acknowledged_at"] is not None
    # Cheap prices, and there is nothing to move for any more.
    cheap = dearer(book_texts(), 0.001)
    assert refreshed(here, owner, cheap) is not None
    [_, last] = told(here)
    assert last.data["worth"] is False
    with here.backend.database.read() as session:
        assert session.scalars(select(Alert)).one().over is True


def advice_alert(here: Site) -> Alert:
    with here.backend.database.read() as session:
        return session.scalars(select(Alert).where(Alert.kind == "advice")).one()


@pytest.mark.slow
def test_a_move_that_was_advised_and_a_destruction_end_it(sqlite_site: Site) -> None:
    here = sqlite_site
    owner = here.person("olga")
    twin = deployed(here, owner, "aws")
    assert refreshed(here, owner, dearer(book_texts(), 200.0)) is not None
    assert not advice_alert(here).over
    found = owner.get(f"twins/{twin}/advice")["proposed"]
    # Everything goes where it was advised: what is said afterwards is about there.
    asked = {"kind": "move", "target": "clouds", "slot": found["slots"][0], "to": found["moves"][0]["target"]}
    owner.post(f"twins/{twin}/runs", {**asked, "approve": True}, 201)
    work_off(here, FakeTarget(here, result={"placement": found["placement"]}))
    after = owner.get(f"twins/{twin}/advice")
    assert after["usd_per_month"] == pytest.approx(found["usd_per_month"])
    assert after["worth"] is False
    assert advice_alert(here).over
    assert told(here)[-1].data["why"] == "it was moved"


@pytest.mark.slow
def test_advice_about_a_twin_that_is_gone_is_over(sqlite_site: Site) -> None:
    here = sqlite_site
    owner = here.person("olga")
    twin = deployed(here, owner, "aws")
    assert refreshed(here, owner, dearer(book_texts(), 200.0)) is not None
    assert not advice_alert(here).over
    owner.post(f"twins/{twin}/runs", {"kind": "destroy", "target": "clouds", "approve": True}, 201)
    work_off(here)
    assert advice_alert(here).over
    owner.get(f"twins/{twin}/advice", 409)


# ── By the messages that come ───────────────────────────────────────────────────────────────────────────────
class Feed:
    """A twin's counts: so many messages for each one expected, at one a second, and an hour at a time."""

    def __init__(self) -> None:
        self.count: Counted | None = Counted(0.0, 0.0, 1.0)

    def __call__(self, twin_id: str) -> Counted | None:
        return self.count

    def passes(self, factor: float, seconds: float = 600.0) -> None:
        assert self.count is not None
        self.count = Counted(self.count.elapsed_s + seconds, self.count.messages + factor * seconds, 1.0)


def test_another_workload_gives_advice_once_it_lasts(sqlite_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float | None] = []

    def note(_backend: object, _twin: str, why: str, factor: float | None, target: str) -> dict[str, Any]:
        assert "messages come a second" in why
        assert target == "sandbox"
        asked.append(factor)
        return {}

    monkeypatch.setattr(advice, "reconsider", note)
    feed = Feed()
    adviser = Adviser(sqlite_site.backend, feed)

    def looks(factor: float, times: int) -> list[float | None]:
        before = len(asked)
        for _ in range(times):
            feed.passes(factor)
            adviser.attend("twn_1", "sandbox")
        return asked[before:]

    assert looks(1.05, 12) == []
    assert looks(5.0, 1) == [], "ten minutes are a moment"
    assert looks(1.0, 12) == []
    [first, *more] = looks(3.0, 30)
    assert first is not None
    assert first > 1.25
    # While the hour fills with it, it may be asked anew; then it stays.
    assert len(more) <= 4
    assert looks(3.0, 30) == []
    assert looks(3.2, 30) == [], "about the same"
    back = looks(1.0, 30)
    assert back[-1] is None
    assert looks(1.0, 10) == []
    feed.count = None
    adviser.attend("twn_1", "sandbox")
    feed.count = Counted(10.0, 1e6, 1.0)  # a new sandbox
    adviser.attend("twn_1", "sandbox")
    assert len(asked) == 1 + len(more) + len(back)


def clouds_counted(here: Site, twin: str, factor: float, hours: int) -> None:
    """So many messages came for each one expected in as many hours, as clouds told."""
    with here.backend.database.read() as session:
        plan = cloud_costs.planned(session, session.get_one(Twin, twin))
    assert plan is not None
    hourly = plan.by_edge["telemetry"].messages / 730
    for _ in range(hours):
        with here.backend.database.write() as session:
            session.add(
                WorkloadSample(
                    twin_id=twin, target="clouds", hour=here.backend.now(), what="messages", site="aws/eu-central-1",
                    quantity=factor * hourly,
                )
            )  # fmt: skip
        here.clock.pass_by(3_600)


def test_messages_that_clouds_count_are_another_workload_once_it_lasts(
    sqlite_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = sqlite_site.person("olga")
    twin = deployed(sqlite_site, owner, "aws")
    asked: list[float | None] = []

    def note(_backend: object, _twin: str, why: str, factor: float | None, target: str) -> dict[str, Any]:
        assert "messages come a second" in why
        assert target == "clouds"
        asked.append(factor)
        return {}

    adviser = CloudAdviser(sqlite_site.backend)
    assert adviser.is_due(twin, "clouds")
    assert not adviser.is_due(twin, "clouds")
    assert not adviser.is_due(twin, "sandbox")
    with monkeypatch.context() as patched:
        patched.setattr(advice, "reconsider", note)
        adviser.attend(twin, "clouds")
        assert not asked, "nothing was counted"
        clouds_counted(sqlite_site, twin, 1.0, 24)
        adviser.attend(twin, "clouds")
        clouds_counted(sqlite_site, twin, 3.0, 12)
        adviser.attend(twin, "clouds")
        assert not asked, "half a day is a moment"
        clouds_counted(sqlite_site, twin, 3.0, 12)
        for _ in range(3):
            adviser.attend(twin, "clouds")
        assert asked == [pytest.approx(3.0)]
    found = owner.get(f"twins/{twin}/advice?target=clouds")
    assert found["observed"] == pytest.approx(3.0)
    assert found["usd_per_month"] > owner.get(f"twins/{twin}/advice?target=clouds&messages=1")["usd_per_month"]


def test_it_is_looked_at_as_often_as_the_settings_say(sqlite_site: Site) -> None:
    adviser = Adviser(sqlite_site.backend, Feed())
    assert adviser.is_due("twn_1", "sandbox")
    assert not adviser.is_due("twn_1", "sandbox")
    assert not adviser.is_due("twn_1", "clouds")
    sqlite_site.clock.pass_by(61)
    assert adviser.is_due("twn_1", "sandbox")


@pytest.mark.parametrize(("factor", "otherwise"), [(1.0, False), (1.25, False), (0.8, False), (1.3, True), (0.7, True)])
def test_a_quarter_more_or_less_is_the_same_workload(factor: float, otherwise: bool) -> None:
    assert is_otherwise(factor) is otherwise
    assert is_otherwise(None) is False
