"""Twins over HTTP: kept, revised by several people, compared, forgotten."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.app.backends import TWIN, Person, Site
from twin2multicloud.app.db.tables.people import Role


def test_a_twin_is_kept_with_every_version(here: Site, owner: Person) -> None:
    made = owner.create_twin(note="as measured")
    assert (made["name"], made["number"], made["devices"], made["life"]) == ("greenhouse", 1, 3, {})
    assert owner.get(f"twins/{made['id']}") == made
    revised = owner.call(
        "PUT",
        f"twins/{made['id']}",
        code=200,
        json={"source": TWIN.replace("count: 3", "count: 5"), "note": "two more"},
        headers={"If-Match": '"1"'},
    )
    assert revised.headers["etag"] == '"2"'
    assert [(v["number"], v["devices"], v["note"]) for v in owner.get(f"twins/{made['id']}/versions")["items"]] == [
        (2, 5, "two more"),
        (1, 3, "as measured"),
    ]
    diff = owner.get(f"twins/{made['id']}/diff?before=1")
    assert '-  - {type: sensor, count: 3, name: "sensor-{n}", within: house}\n' in diff["text"]
    assert owner.get(f"twins/{made['id']}/versions/1")["source"] == TWIN


def test_of_two_who_revise_the_same_version_the_second_is_told(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    other = here.person("oleg", Role.OPERATOR)
    for person, code in ((owner, 200), (other, 412)):
        body = {"source": TWIN.replace("count: 3", "count: 4")}
        answer = person.call("PUT", f"twins/{twin}", code=code, json=body, headers={"If-Match": '"1"'})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["details"] == {"version": 2}
    assert owner.call("PUT", f"twins/{twin}", code=428, json={"source": TWIN}).json()["type"].endswith("required")


def test_of_several_who_revise_at_once_one_does(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]

    def revise(count: int) -> int:
        body = {"source": TWIN.replace("count: 3", f"count: {count}")}
        answer = owner.call("PUT", f"twins/{twin}", json=body, headers={"If-Match": '"1"'})
        found: int = answer.status_code
        return found

    with ThreadPoolExecutor(6) as threads:
        assert sorted(threads.map(revise, range(4, 10))) == [200] + [412] * 5
    assert owner.get(f"twins/{twin}")["number"] == 2


def test_what_is_wrong_with_a_definition_is_said_field_by_field(owner: Person) -> None:
    bad = TWIN.replace("count: 3", "count: 0").replace("type: double", "type: dubble")
    problem = owner.post("twins", {"source": bad}, 422)
    assert {error["field"] for error in problem["errors"]} == {
        "device_types.sensor.fields.temperature.type",
        "devices[0].count",
    }
    assert all(error["line"] for error in problem["errors"])
    assert owner.get("twins")["items"] == []


def test_names_are_unique_within_a_workspace(here: Site, owner: Person) -> None:
    first = owner.create_twin()
    assert owner.post("twins", {"source": TWIN}, 409)["details"] == {"twin": first["id"]}
    stranger = here.person("sven", workspace_id=here.workspace("rome"))
    assert stranger.create_twin()["name"] == "greenhouse"
    assert [twin["id"] for twin in owner.get("twins")["items"]] == [first["id"]]


def test_lists_come_in_parts_in_every_order(here: Site, owner: Person) -> None:
    names = [f"twin-{letter}" for letter in "dbace"]
    for name in names:
        owner.create_twin(name)
        here.clock.pass_by(1)
    for sort, expected in (
        ("name", sorted(names)),
        ("-name", sorted(names, reverse=True)),
        ("-created_at", names[::-1]),
    ):
        found: list[str] = []
        cursor = ""
        while True:
            part = owner.get(f"twins?limit=2&sort={sort}{cursor}")
            found += [twin["name"] for twin in part["items"]]
            if part["next"] is None:
                break
            cursor = f"&cursor={part['next']}"
        assert found == expected
    assert [twin["name"] for twin in owner.get("twins?search=WIN-A")["items"]] == ["twin-a"]
    assert owner.get("twins?sort=colour", 422)["errors"][0]["field"] == "sort"
    assert owner.get("twins?cursor=nonsense", 422)["errors"][0]["field"] == "cursor"


def test_only_an_owner_forgets_a_twin(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    operator = here.person("oleg", Role.OPERATOR)
    seen = {"If-Match": '"1"'}
    assert operator.call("DELETE", f"twins/{twin}", code=403, headers=seen).json()["details"]["needed"] == "owner"
    owner.call("DELETE", f"twins/{twin}", code=204, headers=seen)
    owner.get(f"twins/{twin}", 404)
