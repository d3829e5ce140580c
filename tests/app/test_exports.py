"""Twins as files, over HTTP."""

from __future__ import annotations

import csv
import io
import json
import math
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.app.backends import TWIN, Person, Site
from tests.app.deployments import saved
from tests.app.runners import place
from twin2multicloud.app.archives import is_inside, write_zip
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.db.tables.stacks import Document
from twin2multicloud.model.twin.reader import parse_twin

PROCESSOR = "def process(reading, device):\n    return reading\n"


def export(person: Person, twin: str, kind: str, code: int = 200) -> Any:
    return person.call("GET", f"twins/{twin}/export?kind={kind}", code=code)


def unpacked(answer: Any) -> zipfile.ZipFile:
    assert answer.headers["content-type"] == "application/zip"
    assert int(answer.headers["content-length"]) == len(answer.content)
    return zipfile.ZipFile(io.BytesIO(answer.content))


def test_a_definition_with_its_files(here: Site, owner: Person) -> None:
    source = TWIN.replace("sensor:\n", "sensor:\n    processor: processors/sensor.py\n", 1)
    files = {"processors/sensor.py": PROCESSOR, "twin.yaml": "of a former time"}
    twin = owner.create_twin()["id"]
    owner.call("PUT", f"twins/{twin}", code=200, json={"source": source, "files": files}, headers={"If-Match": '"1"'})
    answer = export(here.person("vera", Role.VIEWER), twin, "definition")
    assert answer.headers["content-disposition"] == 'attachment; filename="greenhouse.zip"'
    archive = unpacked(answer)
    texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert set(texts) == {f"greenhouse/{name}" for name in ("_twin.yaml", *files)}
    given = {name.removeprefix("greenhouse/"): text for name, text in texts.items()}
    assert given["_twin.yaml"] == source
    assert parse_twin(given["_twin.yaml"], "test", "yaml", files=given).name == "greenhouse"


@pytest.mark.parametrize("path", ["/etc/passwd", "../up.py", "a/../../b.py", "./a.py", "a//b.py", "c:/a.py", "a/"])
def test_no_file_leads_out(sqlite_site: Site, path: str, tmp_path: Path) -> None:
    owner = sqlite_site.person("olga")
    problem = owner.post("twins", {"source": TWIN, "files": {path: "x"}}, 422)["errors"][0]
    assert "within the definition's directory" in problem["problem"]
    owner.post("drafts", {"files": {path: "x"}}, 422)
    assert not is_inside(path)
    with (tmp_path / "out.zip").open("wb") as target, pytest.raises(ValueError, match="leads out"):
        write_zip(target, {path: b"x"})


def test_the_infrastructure_code(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    assert "optimize it first" in export(owner, twin, "terraform", 409).json()["detail"]
    place(here, twin)
    operator = here.person("otto", Role.OPERATOR)
    answer = export(operator, twin, "terraform")
    assert answer.headers["content-disposition"] == 'attachment; filename="greenhouse-terraform.zip"'
    archive = unpacked(answer)
    names = {name.removeprefix("greenhouse/") for name in archive.namelist()}
    assert {"README.md", "deploy.sh", "destroy.sh", "wire.sh", "plan.json", "wiring.json"} <= names
    roots = {name for name in names if name.endswith("/main.tf.json")}
    assert len(roots) == 8
    for root in roots:
        module = json.loads(archive.read(f"greenhouse/{root}"))["module"]["slot"]["source"]
        folder = f"{root.removesuffix('main.tf.json')}{module.removeprefix('./')}"
        assert any(name.startswith(f"{folder}/") and name.endswith(".tf") for name in names)
    script = archive.getinfo("greenhouse/deploy.sh")
    assert script.external_attr >> 16 == 0o100755
    assert "otto@example.org" in archive.read("greenhouse/stacks/foundation-aws-eu-central-1/main.tf.json").decode()
    # Asked again it is the same, names included, and nothing was kept of it.
    assert export(operator, twin, "terraform").content == answer.content
    with here.backend.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Document)) == 0
    export(here.person("vera", Role.VIEWER), twin, "terraform", 403)
    export(operator, twin, "everything", 422)


def test_nothing_that_stacks_put_out_is_in_it(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    place(here, twin)
    stacks = json.loads(unpacked(export(owner, twin, "terraform")).read("greenhouse/plan.json"))
    taken = [each for stack in stacks for each in stack["upstream"].values()]
    assert taken
    outputs: dict[str, dict[str, Any]] = {}
    for each in taken:
        into = outputs.setdefault(each["stack"], {})
        for name in each["path"][:-1]:
            into = into.setdefault(name, {})
        into[each["path"][-1]] = "not-for-your-eyes"
    for stack, found in outputs.items():
        saved(here, twin, "clouds", stack, 1, found)
    archive = unpacked(export(owner, twin, "terraform"))
    assert not [name for name in archive.namelist() if b"not-for-your-eyes" in archive.read(name)]


def test_one_is_written_at_a_time(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    place(here, twin)
    with here.backend.exporting:
        busy = export(owner, twin, "terraform", 503)
        assert busy.headers["retry-after"] == "2"
        export(owner, twin, "definition")
    export(owner, twin, "terraform")


def test_a_bill_as_a_table(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    export(owner, twin, "bill", 409)
    place(here, twin)
    answer = export(here.person("vera", Role.VIEWER), twin, "bill")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="greenhouse-bill.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    bill = owner.get(f"twins/{twin}/bill")
    assert math.fsum(float(row["usd_per_month"]) for row in rows) == pytest.approx(bill["usd_per_month"])
    assert [row["meter"] for row in rows if row["meter"]] == [line["meter"] for line in bill["bill"]]
    assert {row["cloud"] for row in rows} == {"aws"}
    assert all(row["formula"] and row["price_date"] for row in rows)


def test_a_report_of_what_was_decided(here: Site, owner: Person) -> None:
    twin = owner.create_twin()
    export(owner, twin["id"], "report", 409)
    place(here, twin["id"])
    answer = export(here.person("vera", Role.VIEWER), twin["id"], "report")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-disposition"] == 'inline; filename="greenhouse-report.html"'
    assert answer.headers["content-security-policy"].startswith("sandbox;")
    total = owner.get(f"twins/{twin['id']}/bill")["usd_per_month"]
    assert answer.text.startswith("<!DOCTYPE html>")
    assert "greenhouse" in answer.text
    assert f"${total:,.2f}" in answer.text  # which is not what the optimum would cost
    assert "aws.grafana-oss" in answer.text
    proposal = owner.post(f"twins/{twin['id']}/optimize", {"alternatives": False}, 201)
    assert proposal["usd_per_month"] < total
