"""What the parts of a definition say about each other: every rule that a single part cannot check by itself."""

from __future__ import annotations

from collections.abc import Iterator

from twin2multicloud.model.twin.check_dashboards import dashboard_problems
from twin2multicloud.model.twin.check_devices import device_problems, size_problems
from twin2multicloud.model.twin.check_graph import graph_problems
from twin2multicloud.model.twin.check_names import name_problems
from twin2multicloud.model.twin.check_rules import rule_problems
from twin2multicloud.model.twin.parts import Parts, Problem, TooManyPatternsError


def problems_of(parts: Parts) -> Iterator[Problem]:
    """Every problem between the parts, in no particular order."""
    yield from size_problems(parts)
    try:
        yield from name_problems(parts)
        yield from device_problems(parts)
        yield from graph_problems(parts)
        yield from rule_problems(parts)
        yield from dashboard_problems(parts)
    except TooManyPatternsError:
        yield Problem((), "has more patterns over more names than can be checked; use fewer patterns")
