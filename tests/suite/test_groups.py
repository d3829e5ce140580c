"""What the suite's own rules rest on."""

from __future__ import annotations

import pytest


@pytest.mark.slow
@pytest.mark.xdist_group("measuring")
def test_tests_of_a_group_stay_together(request: pytest.FixtureRequest) -> None:
    """pytest-xdist tells a group by what it adds to a test's id; with pytest 9.2 it did not, and nothing said so."""
    grouped = getattr(request.config.option, "loadgroup", False)
    assert request.node.nodeid.endswith("@measuring") == grouped
