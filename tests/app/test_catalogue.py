"""What there is to choose from, as the command line lists it; and whether a text is sound."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.backends import TWIN, Person, Site
from tests.cli.conftest import cached
from twin2multicloud import __version__
from twin2multicloud.model.template import EXAMPLES
from twin2multicloud.optimizer.pricing.book import BUNDLED, book_texts


@pytest.fixture
def person(sqlite_site: Site) -> Person:
    return sqlite_site.person("olga")


def without_nulls(items: list[Any]) -> list[Any]:
    return [{key: value for key, value in item.items() if value is not None} for item in items]


def test_built_in_workloads(person: Person) -> None:
    assert person.get("workloads")["items"] == cached("scenarios", "--json").json
    one = person.get("workloads/smart-building")
    assert one["workload"]["devices"] == 30_000
    (definition,) = [text for path, text in one["files"].items() if path.endswith(".yaml")]
    files = {path: text for path, text in one["files"].items() if not path.endswith(".yaml")}
    found = person.post("definitions/check", {"source": definition, "files": files})
    assert (found["kind"], found["ok"], found["findings"], found["warnings"]) == ("twin", True, [], [])
    assert "smart-home" in person.get("workloads/smart-hom", 404)["detail"]


def test_checking_a_twin_says_what_check_says(person: Person) -> None:
    folder = EXAMPLES / "smart-home"
    source = (folder / "twin.yaml").read_text("utf-8")
    files = {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*.py")}
    found = person.post("definitions/check", {"source": source, "files": files})
    assert found["summary"] == cached("check", "smart-home", "--json").json


def test_checking_tells_everything_at_once_with_lines(person: Person) -> None:
    bad = TWIN.replace("count: 3", "count: 0").replace("type: double", "type: dubble")
    found = person.post("definitions/check", {"source": bad})
    assert (found["kind"], found["ok"], found["summary"]) == ("twin", False, None)
    assert {finding["field"] for finding in found["findings"]} == {
        "device_types.sensor.fields.temperature.type",
        "devices[0].count",
    }
    assert all(finding["line"] for finding in found["findings"])
    large = TWIN.replace("message_size_bytes: 150", "message_size_bytes: 9000")
    warned = person.post("definitions/check", {"source": large})
    assert warned["ok"]
    assert [warning["field"] for warning in warned["warnings"]] == ["workload.message_size_bytes"]


def test_checking_a_workload(person: Person) -> None:
    text = "workload: {devices: 5, message_interval_s: 1, message_size_bytes: 9}\nconstraints: {residency: EU}\n"
    found = person.post("definitions/check", {"source": text})
    assert (found["kind"], found["ok"]) == ("workload", True)
    assert found["summary"]["constraints"]["residency"] == ["EU"]
    for broken in ("devices: [", "", "[1, 2]"):
        if broken:
            assert not person.post("definitions/check", {"source": broken})["ok"]
    person.post("definitions/check", {"source": ""}, 422)


@pytest.mark.parametrize(
    ("query", "arguments"),
    [
        ("", ()),
        ("?slot=L3.hot&provider=aws", ("--slot", "L3.hot", "--provider", "aws")),
        ("?region=europe-west1", ("--region", "europe-west1")),
    ],
)
def test_offers_as_the_command_line_lists_them(person: Person, query: str, arguments: tuple[str, ...]) -> None:
    ours = person.get(f"offers{query}")["items"]
    assert without_nulls(ours) == without_nulls(cached("offers", "--json", *arguments).json)


def test_offers_are_filtered(person: Person) -> None:
    layer = person.get("offers?slot=l3&deployable=true")["items"]
    assert {offer["slot"] for offer in layer} == {"L3.hot", "L3.cool", "L3.archive"}
    assert all(offer["deployable"] for offer in layer)
    scenes = person.get("offers?feature=3d-scenes")["items"]
    assert scenes
    assert all("3d-scenes" in offer["features"] for offer in scenes)
    for query, field in (
        ("slot=L8", "slot"),
        ("provider=ibm", "provider"),
        ("feature=3d", "feature"),
        ("region=mars", "region"),
        ("region=europe-west1&provider=aws", "region"),
        ("colour=red", "colour"),
    ):
        assert person.get(f"offers?{query}", 422)["errors"][0]["field"] == field


def test_regions(person: Person) -> None:
    every = person.get("regions")["items"]
    complete = person.get("regions?complete=true")["items"]
    assert [region for region in every if region["complete"]] == complete
    considered = cached("optimize", "smart-home", "--json").json["regions"]
    for provider, codes in considered.items():
        mine = person.get(f"regions?complete=true&provider={provider}")["items"]
        assert [region["code"] for region in mine] == codes


def test_the_book_in_use_and_its_age(person: Person, sqlite_site: Site) -> None:
    book = cached("optimize", "smart-home", "--json").json["price_book"]
    found = person.get("prices")
    assert {name: found[name] for name in book} == book
    figures = cached("prices", "show", "--json").json["figures"]
    assert sum(each["prices"] for each in found["providers"].values()) == len(figures)
    assert found["oldest"]["aws"] == min(each["date"] for each in figures if each["meter"].startswith("aws."))
    assert {each["fetched"] for each in found["providers"].values()} == {0}
    sqlite_site.clock.pass_by(86_400 * 10)
    assert person.get("prices")["age_days"] == found["age_days"] + 10


def test_the_book_in_use_is_fetched_whole_and_once(person: Person) -> None:
    answer = person.call("GET", "prices/book", code=200)
    whole, used = answer.json(), person.get("prices")
    assert whole["files"] == book_texts()
    assert {name: whole[name] for name in ("version", "date", "hash")} == {
        name: used[name] for name in ("version", "date", "hash")
    }
    assert whole["program"] == __version__
    tag = answer.headers["ETag"]
    assert tag == f'W/"{whole["hash"]}"'
    for known in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        unchanged = person.call("GET", "prices/book", code=304, headers={"If-None-Match": known})
        assert (unchanged.content, unchanged.headers["ETag"]) == (b"", tag)
    for other in ('"other"', "", whole["hash"]):
        assert person.call("GET", "prices/book", code=200, headers={"If-None-Match": other}).json() == whole


def test_meters_in_parts(person: Person) -> None:
    found: list[str] = []
    part = person.get("prices/meters?provider=azure&limit=20")
    while True:
        found += [meter["id"] for meter in part["items"]]
        if part["next"] is None:
            break
        part = person.get(f"prices/meters?provider=azure&limit=20&cursor={part['next']}")
    assert len(found) == len(set(found)) > 20
    assert all(meter.startswith("azure.") for meter in found)
    here = person.get("prices/meters?region=eu-central-1&meter=egress")["items"]
    figures = cached("prices", "show", "--region", "eu-central-1", "--meter", "egress", "--json").json["figures"]
    assert [figure for meter in here for figure in meter["figures"]] == figures
    assert person.get("prices/meters?cursor=nonsense", 422)["errors"][0]["field"] == "cursor"


def test_a_meter_is_explained_as_the_command_line_does(person: Person) -> None:
    arguments = ("aws.egress.internet", "--region", "us-east-1", "--quantity", "51200")
    ours = person.get("prices/meters/aws.egress.internet?region=us-east-1&quantity=51200")
    assert ours == cached("prices", "explain", *arguments, "--json").json
    assert (
        person.get("prices/meters/aws.egress.internet")
        == cached("prices", "explain", "aws.egress.internet", "--json").json
    )
    assert "aws.egress.internet" in person.get("prices/meters/aws.egress.internat", 404)["detail"]
    assert person.get("prices/meters/aws.egress.internet?quantity=5", 422)["errors"][0]["field"] == "quantity"
    assert person.get("prices/meters/aws.egress.internet?region=mars", 422)["errors"][0]["field"] == "region"


def test_a_price_book_of_ones_own_is_checked(person: Person) -> None:
    files = {path.name: path.read_text("utf-8") for path in BUNDLED.glob("*.toml")}
    sound = person.post("prices/validate", {"files": files})
    assert (sound["ok"], sound["findings"]) == (True, [])
    assert sound["price_book"] == cached("optimize", "smart-home", "--json").json["price_book"]
    broken = {**files, "aws.toml": files["aws.toml"].replace("confidence", "confidense", 1), "gcp.toml": "= 1"}
    found = person.post("prices/validate", {"files": broken})
    assert (found["ok"], found["price_book"]) == (False, None)
    assert {finding["field"].split(":")[0] for finding in found["findings"]} == {"aws.toml", "gcp.toml"}
