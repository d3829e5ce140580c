"""A move is carried out as it was planned, whatever has become cheaper since, or not at all."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.app.backends import Person, Site
from tests.app.runners import PLACEMENT, FakeTarget, place, work_off
from twin2multicloud.app.db.tables import Stage, TwinVersion
from twin2multicloud.app.deploying.desired import Wishes, desired
from twin2multicloud.app.runs.stage import carry_out
from twin2multicloud.app.runs.targets import clouds
from twin2multicloud.app.services import twins
from twin2multicloud.app.services.homes import home_of_twin
from twin2multicloud.app.services.prices import current
from twin2multicloud.deployer.home import Home
from twin2multicloud.model.placement import Placement

REHEARSED = {"target": "rehearsal"}


@pytest.fixture
def owner(sqlite_site: Site) -> Person:
    return sqlite_site.person("olga")


@pytest.fixture
def deployed(sqlite_site: Site, owner: Person) -> tuple[str, Home]:
    """A twin of which a rehearsal knows where it is deployed."""
    backend, twin = sqlite_site.backend, owner.create_twin()["id"]
    place(sqlite_site, twin)
    owner.post(f"twins/{twin}/runs", {"kind": "deploy", "approve": True, **REHEARSED}, 201)
    work_off(sqlite_site, FakeTarget(sqlite_site))
    home = home_of_twin(backend, twin, "rehearsal")
    with backend.database.read() as session:
        definition = twins.definition_of(session.get_one(TwinVersion, (twin, 1)))
    book = current(backend).prices
    # What exists is looked at once something is kept.
    wanted = desired(definition, Wishes(Placement.model_validate(PLACEMENT)), home, book, offline=True, environ={})
    home.write_settings(wanted.deployment.settings)
    home.write_twin(wanted.spec, wanted.blueprint, wanted.placement_json, wanted.processors)
    return twin, home


def carry_on(here: Site) -> None:
    """One stage, in the real target of rehearsals."""
    with here.backend.database.read() as session:
        stage = session.query(Stage).filter_by(status="queued").one()
    carry_out(here.backend, stage.run_id, stage.name, stage.attempt, lambda _: clouds.CloudsTarget(offline=True))


def planned(here: Site, owner: Person, twin: str) -> Any:
    run = owner.post(f"twins/{twin}/runs", {"kind": "move", "slot": "L3.hot", "to": "gcp", **REHEARSED}, 201)
    carry_on(here)
    shown = owner.get(f"runs/{run['id']}")
    assert shown["status"] == "awaiting-approval", shown["problem"]
    owner.post(f"runs/{run['id']}/decision", {"agreed": True})
    return shown


def test_what_was_agreed_to_is_carried_out(
    sqlite_site: Site, owner: Person, deployed: tuple[str, Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    twin, home = deployed
    run = planned(sqlite_site, owner, twin)
    assert run["plan"]["placement"]["L3.hot"]["provider"] == "gcp"
    assert run["plan"]["budgets_usd_per_month"]["gcp"] > 0

    def never(*_: object) -> None:
        raise AssertionError("where to was decided again")

    monkeypatch.setattr(clouds, "wanted_move", never)
    monkeypatch.setenv("T2M_TERRAFORM", "/nonexistent")  # nothing is carried out beyond what is put down before
    carry_on(sqlite_site)
    assert "T2M_TERRAFORM" in owner.get(f"runs/{run['id']}")["problem"]
    after = msgspec.json.decode(home.documents.read("moves/after.json") or b"{}")
    assert after["placement"] == run["plan"]["placement"]
    assert after["settings"]["budgets_usd_per_month"] == run["plan"]["budgets_usd_per_month"]


def test_a_deployment_that_is_another_one_by_now_is_left_alone(
    sqlite_site: Site, owner: Person, deployed: tuple[str, Home]
) -> None:
    twin, home = deployed
    run = planned(sqlite_site, owner, twin)
    other = {**PLACEMENT, "L5": {**PLACEMENT["L5"], "region": "eu-west-1"}}
    home.write_twin(home.spec(), home.blueprint(), other, home.processors())
    carry_on(sqlite_site)
    failed = owner.get(f"runs/{run['id']}")
    assert failed["status"] == "failed"
    assert "no longer deployed as it was when this move was planned: L5 is" in failed["problem"]
    assert home.documents.read("moves/after.json") is None


def test_a_version_with_another_offer_at_the_same_place_is_told_before_anything_is_done(
    sqlite_site: Site, owner: Person, deployed: tuple[str, Home]
) -> None:
    twin, _ = deployed
    with sqlite_site.backend.database.write() as session:
        other = {**PLACEMENT, "L3.hot": {**PLACEMENT["L3.hot"], "offer": "aws.dynamodb-provisioned"}}
        session.get_one(TwinVersion, (twin, 1)).placement = other
    run = owner.post(f"twins/{twin}/runs", {"kind": "redeploy", "version": 1, **REHEARSED}, 201)
    carry_on(sqlite_site)
    refused = owner.get(f"runs/{run['id']}")
    assert (refused["status"], [stage["name"] for stage in refused["stages"]]) == ("failed", ["plan"])
    assert (
        "L3.hot is deployed as aws.dynamodb-on-demand@eu-central-1, not aws.dynamodb-provisioned@eu-central-1"
        in refused["problem"]
    )
    assert "--slot L3.hot --to aws.dynamodb-provisioned`" in refused["problem"]
