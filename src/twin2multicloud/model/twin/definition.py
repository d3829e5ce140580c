"""A twin's definition as it is written: what a `twin.yaml` may say.

Its sections are in modules of their own. These models check the form of each part by itself, and say what each field
means (`model.twin.fields` tells that to whoever builds forms). What the parts say about each other is the business of
`model.twin.checks`, and `model.twin.reader` brings both together with the places in the file.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.constraints import Constraints
from twin2multicloud.model.twin.dashboard_definition import DashboardDefinition
from twin2multicloud.model.twin.device_groups import DeviceGroupDefinition
from twin2multicloud.model.twin.device_types import DeviceTypeDefinition
from twin2multicloud.model.twin.entities import GraphDefinition
from twin2multicloud.model.twin.part import Part, Text
from twin2multicloud.model.twin.rule_definition import RuleDefinition
from twin2multicloud.model.workload import Workload


class TwinDefinition(Part):
    """A whole twin, read and checked. `read_twin_file` and `parse_twin` make one.

    `modules` are the sources of user code by module name, `interfaces` the DTDL v3 interfaces that were given, by
    the device type or entity model they belong to; the first of each is the type's own.
    """

    name: str = Field(
        description="What the twin is called, in lowercase letters, digits and -: clouds name buckets, accounts and "
        "topics after it.",
        examples=["greenhouse"],
    )
    description: Text = Field(default="", description="What it is the twin of, in a sentence.")
    workload: Workload = Field(description="What the devices send, and what people look at.")
    constraints: Constraints | None = Field(default=None, description="Which placements are acceptable.")
    assumptions: Assumptions | None = Field(
        default=None, description="Figures of the bill that are ours and not the workload's, where others are better."
    )
    device_types: dict[str, DeviceTypeDefinition] = Field(description="Kinds of devices, by name.")
    devices: tuple[DeviceGroupDefinition, ...] = Field(description="Which devices there are.")
    graph: GraphDefinition = Field(
        default=GraphDefinition(), description="What the devices are in, and how things relate."
    )
    rules: tuple[RuleDefinition, ...] = Field(default=(), description="What happens when.")
    dashboards: tuple[DashboardDefinition, ...] = Field(
        default=(), description="What people look at; one is made from the device types if none is described."
    )
    modules: dict[str, str] = Field(default={}, repr=False)
    interfaces: dict[str, tuple[dict[str, Any], ...]] = Field(default={}, repr=False)

    @property
    def device_count(self) -> int:
        """How many devices the twin has."""
        return sum(len(group) for group in self.devices)

    @property
    def devices_by_type(self) -> dict[str, int]:
        """How many devices each type has, in the definition's order; 0 for a type without any."""
        counts = dict.fromkeys(self.device_types, 0)
        for group in self.devices:
            counts[group.type] += len(group)
        return counts

    def waveforms(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The simulation hints that were given: device type → field → waveform as plain values."""
        return {
            name: {
                field: field_definition.simulate.plain(field_definition.type)
                for field, field_definition in kind.fields.items()
                if field_definition.simulate is not None
            }
            for name, kind in self.device_types.items()
        }
