"""A twin may be renamed for as long as nothing carries its name."""

from __future__ import annotations

import pytest

from tests.app.backends import TWIN, Person, Site
from tests.app.runners import PLACEMENT, FakeTarget, place, work_off
from twin2multicloud.app.db.tables import TwinVersion
from twin2multicloud.app.deploying.desired import Wishes, desired
from twin2multicloud.app.services import twins
from twin2multicloud.app.services.homes import home_of_twin
from twin2multicloud.app.services.prices import current
from twin2multicloud.deployer.home import Applied
from twin2multicloud.deployer.names import Names
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.placement import Placement

RENAMED = TWIN.replace("name: greenhouse", "name: hothouse")


def rename(owner: Person, twin: str, code: int, source: str = RENAMED) -> str:
    seen = owner.get(f"twins/{twin}")["version"]
    answer = owner.call("PUT", f"twins/{twin}", code=code, json={"source": source}, headers={"If-Match": f'"{seen}"'})
    return str(answer.json().get("detail", ""))


def test_what_was_planned_before_carries_the_new_name(sqlite_site: Site) -> None:
    backend, owner = sqlite_site.backend, sqlite_site.person("olga")
    twin = owner.create_twin()["id"]
    home = home_of_twin(backend, twin, "rehearsal")

    def wanted(number: int) -> Names:
        with backend.database.read() as session:
            definition = twins.definition_of(session.get_one(TwinVersion, (twin, number)))
        wishes = Wishes(Placement.model_validate(PLACEMENT))
        deployment = desired(definition, wishes, home, current(backend).prices, offline=True, environ={}).deployment
        home.write_settings(deployment.settings)
        return deployment.names

    before = wanted(1)
    rename(owner, twin, 200)
    after = wanted(2)
    assert (before.twin, after.twin, after.uid) == ("greenhouse", "hothouse", before.uid)
    home.note_applied(Applied("l1", "L1", "aws/eu-central-1", "f", home.now()))
    with pytest.raises(UsageError, match="holds the deployment of 'hothouse', not of 'greenhouse'; destroy that one"):
        wanted(1)


def test_a_run_that_may_make_something_stands_in_the_way(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    place(here, twin)
    run = owner.post(f"twins/{twin}/runs", {"kind": "deploy", "target": "rehearsal"}, 201)
    assert "run 1 (deploy) of 'greenhouse' is queued" in rename(owner, twin, 409)
    work_off(here, FakeTarget(here))
    assert "decline or cancel it before the twin becomes 'hothouse'" in rename(owner, twin, 409)
    rename(owner, twin, 200, TWIN.replace("count: 3", "count: 4"))
    owner.post(f"runs/{run['id']}/decision", {"agreed": False})
    rename(owner, twin, 200)


def test_a_version_of_another_name_is_not_deployed(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    place(here, twin)
    rename(owner, twin, 200)
    run = owner.post(f"twins/{twin}/runs", {"kind": "deploy", "target": "rehearsal", "version": 1}, 201)
    work_off(here, FakeTarget(here))
    shown = owner.get(f"runs/{run['id']}")
    assert shown["status"] == "failed"
    assert "version 1 calls the twin 'greenhouse', and it is 'hothouse' now" in shown["problem"]
    owner.post(f"twins/{twin}/runs", {"kind": "deploy", "target": "rehearsal", "version": 2, "approve": True}, 201)
    work_off(here, FakeTarget(here))
    assert "destroy it before it becomes 'greenhouse'" in rename(owner, twin, 409, TWIN)
