"""`check` and `init`: a twin to start from, and what is said about one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import cached, call
from twin2multicloud.model.scenarios import SCENARIOS, scenario_names


@pytest.mark.parametrize("name", scenario_names())
def test_a_built_in_twin_is_fine(name: str) -> None:
    text = cached("check", name)
    assert text.code == 0
    assert text.out.endswith("✓ fine\n")
    facts = cached("check", name, "--json").json
    assert facts["ok"] is True
    assert facts["warnings"] == []
    assert facts["devices"] == sum(kind["devices"] for kind in facts["device_types"])
    for kind in facts["device_types"]:
        assert kind["name"] in text.out
    for rule in facts["rules"]:
        assert rule["name"] in text.out


@pytest.mark.parametrize("name", scenario_names())
def test_init_writes_a_twin_that_checks_and_prices(name: str, here: Path) -> None:
    written = call("init", "mine.yaml", "--scenario", name)
    assert written.code == 0
    assert "check it with: twin2multicloud check mine.yaml" in written.err
    assert call("check", "mine.yaml").code == 0
    assert "twin2multicloud check mine.yaml" in (here / "mine.yaml").read_text()
    ours = call("optimize", "mine.yaml", "--model", "edt25", "--json").json
    assert ours["usd_per_month"] == cached("optimize", name, "--model", "edt25", "--json").json["usd_per_month"]


def test_init_elsewhere_brings_its_code(here: Path) -> None:
    (here / "sub").mkdir()
    assert call("init", "sub/twin.yaml").code == 0
    assert call("check", "sub/twin.yaml").code == 0
    assert sorted(path.name for path in (here / "sub").iterdir()) == ["processors", "twin.yaml"]


def test_init_writes_all_files_or_none(here: Path) -> None:
    (here / "processors").mkdir()
    code = here / "processors" / "climate.py"
    code.write_text("mine")
    refused = call("init", "--scenario", "smart-home")
    assert refused.code == 2
    assert "climate.py exists already; --force overwrites" in refused.err
    assert sorted(here.rglob("*")) == [here / "processors", code]
    assert call("init", "--scenario", "smart-home", "--force").code == 0
    assert code.read_text() != "mine"


def test_only_the_workload(here: Path) -> None:
    assert call("init", "w.yaml", "--workload-only", "--scenario", SCENARIOS[0].name).code == 0
    assert [path.name for path in here.iterdir()] == ["w.yaml"]
    assert (here / "w.yaml").read_text().startswith("# A workload")
    refused = call("check", "w.yaml")
    assert refused.code == 4
    assert "is a workload, not a twin" in refused.err


def test_findings_end_with_4(here: Path) -> None:
    assert call("init", "twin.yaml", "--scenario", "smart-home").code == 0
    text = (here / "twin.yaml").read_text()
    (here / "twin.yaml").write_text(text.replace("co2 > 1400", "co3 > 1400").replace("name: smart-home", "name: Home"))
    refused = call("check", "twin.yaml")
    assert refused.code == 4
    assert refused.out == ""
    assert "rules[0].when: column 1: unknown field 'co3'; did you mean 'co2'?" in refused.err
    found = call("check", "twin.yaml", "--json").json["error"]["findings"]
    assert [finding["field"] for finding in found] == ["name", "rules[0].when"]
    assert all(finding["line"] for finding in found)


def test_warnings_do_not_fail(here: Path) -> None:
    assert call("init").code == 0
    text = (here / "twin.yaml").read_text()
    (here / "twin.yaml").write_text(text.replace("message_size_bytes: 250", "message_size_bytes: 900"))
    checked = call("check", "twin.yaml")
    assert checked.code == 0
    assert "warning: workload.message_size_bytes: is 900" in checked.out
    assert "✓ fine, with 1 warning\n" in checked.out


def test_names_and_paths(here: Path) -> None:
    assert call("check", "smart-hom").code == 2
    assert "did you mean 'smart-home'?" in call("check", "smart-hom").err
    assert call("check", "missing.yaml").code == 4
