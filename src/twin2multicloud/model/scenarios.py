"""The three built-in scenarios: the workloads of the EDT'25 paper, smallest first.

The paper's table prints one hot month for the industrial facility; its published figures use three, and so do we.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.names import unknown
from twin2multicloud.model.workload import Workload


@dataclass(frozen=True)
class Scenario:
    """A named workload with a title and one sentence that says what it stands for."""

    name: str
    title: str
    description: str
    workload: Workload


SCENARIOS: Final[tuple[Scenario, ...]] = (
    Scenario(
        name="smart-home",
        title="Smart home",
        description="100 sensors of one household report every two minutes; two people look at the dashboards.",
        workload=Workload(
            devices=100,
            message_interval_s=120,
            message_size_bytes=250,
            hot_months=1,
            cool_months=3,
            archive_months=12,
            entities_3d=0,
            editors=2,
            viewers=0,
            dashboard_refreshes_per_hour=12,
            dashboard_hours_per_day=1,
        ),
    ),
    Scenario(
        name="industrial-facility",
        title="Industrial facility",
        description="4,000 machine sensors report every half minute; the records are kept for three years.",
        workload=Workload(
            devices=4_000,
            message_interval_s=30,
            message_size_bytes=500,
            hot_months=3,
            cool_months=12,
            archive_months=36,
            entities_3d=0,
            editors=25,
            viewers=10,
            dashboard_refreshes_per_hour=60,
            dashboard_hours_per_day=4,
        ),
    ),
    Scenario(
        name="smart-building",
        title="Large smart building",
        description="30,000 sensors report every six seconds; 400 people use the dashboards and a 3D scene.",
        workload=Workload(
            devices=30_000,
            message_interval_s=6,
            message_size_bytes=800,
            hot_months=3,
            cool_months=12,
            archive_months=24,
            entities_3d=1_200,
            editors=100,
            viewers=300,
            dashboard_refreshes_per_hour=120,
            dashboard_hours_per_day=8,
        ),
    ),
)


def scenario_json(found: Scenario) -> dict[str, Any]:
    """A scenario as plain JSON values."""
    return {
        "name": found.name,
        "title": found.title,
        "description": found.description,
        "workload": found.workload.model_dump(mode="json"),
    }


def scenario_names() -> tuple[str, ...]:
    """The names of the built-in scenarios, smallest first."""
    return tuple(scenario.name for scenario in SCENARIOS)


def scenario(name: str) -> Scenario:
    """The built-in scenario of that name; `UsageError` with the nearest name otherwise."""
    for candidate in SCENARIOS:
        if candidate.name == name:
            return candidate
    raise UsageError(unknown("built-in scenario", name, scenario_names()))
