"""An earlier version of a twin is taken up again, with where its layers were placed then."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.backends import TWIN, Person, Site
from tests.app.runners import FakeTarget, place, work_off


@pytest.fixture
def twin(here: Site, owner: Person) -> str:
    """Version 2 is the cheapest placement of 1, 3 has its L5 elsewhere, 4 has another definition."""
    made: str = owner.create_twin()["id"]
    proposal = owner.post(f"twins/{made}/optimize", {"alternatives": False}, 201)["id"]
    change(owner, made, "PUT", "placement", {"optimization": proposal})
    change(owner, made, "PUT", "placement", {"overrides": {"L5": "azure"}})
    change(owner, made, "PUT", "", {"source": TWIN.replace("count: 3", "count: 5")})
    return made


def change(owner: Person, twin: str, method: str, path: str, body: dict[str, Any], code: int = 200) -> Any:
    seen = owner.get(f"twins/{twin}")["version"]
    where = f"twins/{twin}/{path}".rstrip("/")
    return owner.call(method, where, code=code, json=body, headers={"If-Match": f'"{seen}"'}).json()


def restore(owner: Person, twin: str, number: int, code: int = 200, **body: Any) -> Any:
    return change(owner, twin, "POST", f"versions/{number}/restore", body, code)


def facts(version: dict[str, Any]) -> dict[str, Any]:
    """What a version says of the twin, not of itself."""
    named = ("source", "files", "devices", "placement", "overrides", "optimization")
    return {"usd": pytest.approx(version["usd_per_month"]), **{name: version[name] for name in named}}


def test_placement_and_overrides_come_back(owner: Person, twin: str) -> None:
    then = owner.get(f"twins/{twin}/versions/2")
    made = restore(owner, twin, 2)
    assert (made["number"], made["version"], made["current"]["note"]) == (5, 5, "version 2 again")
    assert facts(made["current"]) == facts(then)
    assert facts(restore(owner, twin, 3)["current"]) == facts(owner.get(f"twins/{twin}/versions/3"))
    assert owner.get(f"twins/{twin}")["current"]["overrides"].keys() == {"L5"}
    first = restore(owner, twin, 1, note="from the beginning")["current"]
    assert (first["placement"], first["overrides"], first["note"]) == (None, {}, "from the beginning")


def test_the_definition_alone_is_placed_as_now(owner: Person, twin: str) -> None:
    now, then = owner.get(f"twins/{twin}")["current"], owner.get(f"twins/{twin}/versions/2")
    made = restore(owner, twin, 2, placement=False)["current"]
    assert made["source"] == then["source"]
    assert (made["placement"], made["overrides"]) == (now["placement"], now["overrides"])


def test_what_is_deployed_stays_where_it_is(here: Site, owner: Person, twin: str) -> None:
    owner.post(f"twins/{twin}/runs", {"kind": "deploy", "target": "rehearsal", "approve": True}, 201)
    assert "is under way, which rests on its placement" in restore(owner, twin, 2, 409)["detail"]
    work_off(here, FakeTarget(here))
    refused = restore(owner, twin, 1, 409)
    assert "is deployed, so it needs a placement" in refused["detail"]
    refused = restore(owner, twin, 2, 409)
    assert "move it there with all it holds, or destroy it first" in refused["detail"]
    assert owner.get(f"twins/{twin}")["number"] == 4
    restore(owner, twin, 2, placement=False)


def test_nobody_undoes_unseen_what_somebody_else_did(here: Site, owner: Person, twin: str) -> None:
    path = f"twins/{twin}/versions/2/restore"
    owner.call("POST", path, code=428, json={})
    owner.call("POST", path, code=412, json={}, headers={"If-Match": '"3"'})
    assert "is the newest" in restore(owner, twin, 4, 409)["detail"]
    restore(owner, twin, 9, 404)


def test_a_name_that_is_taken_by_now_is_told(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    place(here, twin)
    change(owner, twin, "PUT", "", {"source": TWIN.replace("name: greenhouse", "name: hothouse")})
    owner.create_twin()
    assert "there is a twin 'greenhouse' in this workspace already" in restore(owner, twin, 1, 409)["detail"]
