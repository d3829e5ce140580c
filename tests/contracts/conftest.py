"""The suites are plain modules, so pytest must be told to explain their asserts."""

from __future__ import annotations

import pytest

for suite in (
    "base",
    "hot_store",
    "object_store",
    "twin_graph",
    "publisher",
    "commands",
    "reporter",
    "secrets",
    "dead_letters",
    "rule_states",
    "nonces",
):
    pytest.register_assert_rewrite(f"tests.contracts.{suite}")
