"""A twin with fewer devices: what a machine can run of a twin of tens of thousands."""

from __future__ import annotations

from typing import Any

import msgspec

from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.spec import CommandAction, Rule, TwinSpec


def scaled_down(spec: TwinSpec, devices: int) -> TwinSpec:
    """The same twin with only `devices` of its devices.

    Devices that the definition lists by name stay, as rules and dashboards speak of them; of the counted groups each
    gives its share, at least one. Relationships of devices that are left out go with them, and so do rules, commands
    and panels that are for such devices only.
    """
    if devices >= len(spec.device_names):
        return spec
    listed = sum(len(group) for group in spec.devices if group.names)
    counted = [group for group in spec.devices if not group.names]
    if devices < listed + len(counted):
        raise UsageError(
            f"--devices: {devices} are too few: the twin lists {listed} devices by name and counts {len(counted)} "
            f"groups; take {listed + len(counted)} or more"
        )
    shares = iter(_shares(devices - listed, [len(group) for group in counted]))
    groups = tuple(
        group if group.names else msgspec.structs.replace(group, count=next(shares)) for group in spec.devices
    )
    names = {name for group in groups for name in group}
    kept = names | {entity.id for entity in spec.entities}
    return msgspec.structs.replace(
        spec,
        devices=groups,
        relationships=tuple(r for r in spec.relationships if r.source in kept and r.target in kept),
        rules=tuple(fewer for rule in spec.rules if (fewer := _fewer(rule, names)) is not None),
        dashboards=tuple(
            {**board, "panels": [p for panel in board.get("panels", ()) if (p := _panel(panel, names))]}
            for board in spec.dashboards
        ),
    )


def _fewer(rule: Rule, names: set[str]) -> Rule | None:
    """The rule for those devices that are still there; None if it is about none of them."""
    devices = tuple(name for name in rule.devices if name in names)
    actions = tuple(
        action
        for action in rule.actions
        if not isinstance(action, CommandAction) or not action.device or action.device in names
    )
    if (rule.devices and not devices) or (rule.actions and not actions):
        return None
    return msgspec.structs.replace(rule, devices=devices, actions=actions)


def _panel(panel: dict[str, Any], names: set[str]) -> dict[str, Any] | None:
    if not panel.get("devices"):
        return panel
    devices = [name for name in panel["devices"] if name in names]
    return {**panel, "devices": devices} if devices else None


def _shares(total: int, sizes: list[int]) -> list[int]:
    """`total` devices over groups of these sizes, in proportion, at least one each."""
    everything = sum(sizes)
    shares = [max(1, total * size // everything) for size in sizes]
    order = sorted(range(len(sizes)), key=lambda n: -sizes[n])
    at = 0
    while sum(shares) != total:
        n = order[at % len(order)]
        step = 1 if sum(shares) < total else -1
        if 1 <= shares[n] + step <= sizes[n]:
            shares[n] += step
        at += 1
    return shares
