"""What the stores of a twin hold after a while by its workload: what a move of a slot would carry."""

from __future__ import annotations

from twin2multicloud.blueprint.plan import Blueprint
from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.moving.move import StoreKind, Transfer, transfers
from twin2multicloud.moving.operations import Content


def expected_contents(spec: TwinSpec, before: Blueprint, after: Blueprint) -> dict[str, Content]:
    """By the name of each transfer: items and bytes once every tier is full, which a young twin's are not yet."""
    return {each.name: _content(spec, before, each) for each in transfers(before.places, after.places)}


def _content(spec: TwinSpec, blueprint: Blueprint, transfer: Transfer) -> Content:
    workload, assumptions = blueprint.workload, blueprint.assumptions
    match transfer.kind:
        case StoreKind.HOT:
            records = blueprint.by_edge["persist"].messages * workload["hot_months"]
            return Content(records, records * (workload["message_size_bytes"] + assumptions["envelope_bytes"]))
        case StoreKind.OBJECTS if transfer.storage_class == "archive":
            link, months = blueprint.by_edge["to-archive"], workload["archive_months"] - workload["cool_months"]
            return Content(link.batches * months, link.raw_bytes * months)
        case StoreKind.OBJECTS:
            link, months = blueprint.by_edge["to-cool"], workload["cool_months"] - workload["hot_months"]
            return Content(link.batches * months, link.raw_bytes * months)
        case StoreKind.GRAPH:
            entities = len(spec.entities) + sum(len(group) for group in spec.devices)
            return Content(entities, entities * assumptions["entity_bytes"])
        case StoreKind.LETTERS:
            return Content(0.0, 0.0)
        case StoreKind.STATES:
            edge_rules = sum(rule.trigger == "edge" for rule in spec.rules)
            states = edge_rules * sum(len(group) for group in spec.devices)
            return Content(states, states * assumptions["state_bytes"])
