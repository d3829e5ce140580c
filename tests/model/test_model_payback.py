"""When a move is paid back, in words."""

from __future__ import annotations

import pytest

from twin2multicloud.model.payback import when_back


@pytest.mark.parametrize(
    ("months", "said"),
    [
        (0.0, "at once"),
        (0.001, "at once"),
        (0.04, "within a month"),
        (0.99, "within a month"),
        (1.0, "after 1.0 months"),
        (8.82, "after 8.8 months"),
    ],
)
def test_when_it_is_back(months: float, said: str) -> None:
    assert when_back(months) == said
