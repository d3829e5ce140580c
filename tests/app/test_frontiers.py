"""`POST /optimize/frontier`: the same frontier as the command line's."""

from __future__ import annotations

import pytest

from tests.app.backends import Site
from tests.cli.conftest import cached
from twin2multicloud.app.db.tables.people import Role


def test_the_frontier_by_the_api(sqlite_site: Site) -> None:
    person = sqlite_site.person("ann", Role.VIEWER)
    asked = {"scenario": "industrial-facility", "against": "carbon"}
    found = person.post("optimize/frontier", asked)
    told = cached("frontier", "industrial-facility", "--against", "carbon", "--json").json
    assert [each["usd_per_month"] for each in found["points"]] == pytest.approx(
        [each["usd_per_month"] for each in told["points"]]
    )
    assert found["chosen"] is None
    bound = found["points"][3]["gco2e_per_month"]
    assert person.post("optimize/frontier", {**asked, "at_most": bound})["chosen"] == found["points"][3]
    problem = person.post("optimize/frontier", {**asked, "at_most": 1}, 422)
    assert problem["type"].endswith("infeasible")
    assert "the least is" in problem["detail"]
    wrong = person.post("optimize/frontier", {**asked, "against": "latency", "devices_at": "nowhere"}, 422)
    assert [each["field"] for each in wrong["errors"]] == ["devices_at"]
