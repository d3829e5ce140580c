"""The workload that a run had: what devices did, put in place of what was assumed of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from twin2multicloud.blueprint.plan import Blueprint, blueprint_of
from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.placement import Placement, SlotChoice
from twin2multicloud.model.workload import Workload
from twin2multicloud.sandbox.metering.base import SECONDS_PER_MONTH
from twin2multicloud.sandbox.metering.book import MeterBook

_ALERTS_PER_EVENT: Final = 2
"""When it begins, and when it is over."""


@dataclass(frozen=True)
class Observed:
    """What was counted a month: messages and their mean payload, commands, and the share of messages with an event."""

    messages: float
    payload_bytes: float
    commands: float
    event_share: float


def observed(book: MeterBook, elapsed_s: float) -> Observed | None:
    """What devices did in a run, scaled to a month; None where no message came in."""
    amounts = book.amounts()

    def counted(name: str, component: str = "L1/gateway") -> float:
        return amounts.get((name, component), 0.0)

    messages = counted("payload-count")
    if messages <= 0 or elapsed_s <= 0:
        return None
    scale = SECONDS_PER_MONTH / elapsed_s
    events = counted("event-count", "L2/alerts") / _ALERTS_PER_EVENT
    return Observed(
        messages * scale, counted("payload-bytes") / messages, counted("command-count") * scale, events / messages
    )


def replanned(blueprint: Blueprint, seen: Observed) -> Blueprint:
    """The plan of the same twin at the same places for the workload that was seen. Retention, people and engineering
    figures are those that were planned with: they are no doing of the devices.
    """
    planned = blueprint.workload
    interval = planned["message_interval_s"] * blueprint.by_edge["telemetry"].messages / seen.messages
    commands = blueprint.by_edge["commands"].messages
    per_day = planned["commands_per_device_per_day"]
    workload = Workload.model_validate(
        {
            **{name: planned[name] for name in Workload.model_fields},
            "message_interval_s": min(max(interval, 0.001), 31 * 86_400.0),
            "message_size_bytes": min(max(round(seen.payload_bytes), 1), 262_144),
            "commands_per_device_per_day": per_day * seen.commands / commands if commands > 0 else per_day,
            "event_share": min(seen.event_share, 1.0),
        }
    )
    placement = Placement.model_validate(
        {
            slot: SlotChoice(provider=place.provider, offer=place.offer, region=place.region)
            for slot, place in blueprint.places.items()
        }
    )
    # A plan has all figures as floats; where a whole number is asked for, it is one.
    figures = {name: int(value) if value.is_integer() else value for name, value in blueprint.assumptions.items()}
    return blueprint_of(workload, placement, Assumptions.model_validate(figures))
