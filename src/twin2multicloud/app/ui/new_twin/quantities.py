"""The workload's quantities: what they are called, how they belong together, and what they may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.new_twin.scale import Scale
from twin2multicloud.model.fields import NumberField, number_fields
from twin2multicloud.model.workload import Workload

FIELDS: Final[Mapping[str, NumberField]] = number_fields(Workload)


@dataclass(frozen=True)
class Group:
    """Quantities that belong together."""

    title: str
    hint: str
    fields: tuple[str, ...]


def groups() -> list[Group]:
    """All quantities. One that no group names is in the last, so that none is left out."""
    found = [
        Group(
            tr("Devices and messages"),
            "",
            ("devices", "message_interval_s", "message_size_bytes", "peak_factor", "growth_per_month"),
        ),
        Group(
            tr("Retention"),
            tr("Ages: a record is hot, then cool, then archived, then deleted."),
            ("hot_months", "cool_months", "archive_months"),
        ),
        Group(
            tr("People and dashboards"),
            "",
            ("editors", "viewers", "dashboard_refreshes_per_hour", "dashboard_hours_per_day", "entities_3d"),
        ),
        Group(
            tr("Rules, commands, links"),
            "",
            ("rules_per_message", "event_share", "commands_per_device_per_day", "link_batch_messages"),
        ),
    ]
    named = {field for group in found for field in group.fields}
    rest = tuple(field for field in FIELDS if field not in named)
    return [*found, Group(tr("More"), "", rest)] if rest else found


def title(field: str) -> str:
    """What a quantity is called."""
    titles = {
        "devices": tr("Devices"),
        "message_interval_s": tr("Seconds between messages"),
        "message_size_bytes": tr("Message size"),
        "hot_months": tr("Hot until the age of"),
        "cool_months": tr("Cool until the age of"),
        "archive_months": tr("Archived until the age of"),
        "entities_3d": tr("Entities in a 3D scene"),
        "editors": tr("People who edit dashboards"),
        "viewers": tr("People who look at them"),
        "dashboard_refreshes_per_hour": tr("Refreshes per hour of use"),
        "dashboard_hours_per_day": tr("Hours of use per day"),
        "rules_per_message": tr("Rules per message"),
        "event_share": tr("Share of messages that raise an event"),
        "commands_per_device_per_day": tr("Commands per device and day"),
        "link_batch_messages": tr("Messages per batch between clouds"),
        "peak_factor": tr("Busiest day over an average day"),
        "growth_per_month": tr("Growth per month"),
    }
    return titles.get(field, field.replace("_", " ").capitalize())


def scale(field: NumberField) -> Scale:
    """How a slider stands for a quantity."""
    return Scale.of(field.low or 0.0, field.high if field.high is not None else 1e9, whole=field.whole)
