"""Which packages a placement asks for: the roles of its functions, by cloud."""

from __future__ import annotations

from typing import Final

from twin2multicloud.blueprint.kinds import Role
from twin2multicloud.blueprint.plan import Blueprint, PlannedComponent
from twin2multicloud.deployer.hosts import roles_of
from twin2multicloud.model.slots import PROVIDERS, Provider, Slot
from twin2multicloud.model.spec import FunctionAction, TwinSpec, WebhookAction

_ROLES: Final = {
    Role.INGEST: "gateway",
    Role.PROCESS: "process",
    Role.SEND: "send",
    Role.RECEIVE: "receive",
    Role.MOVE: "move",
    Role.READ: "read",
}


def planned_roles(blueprint: Blueprint, spec: TwinSpec) -> dict[Provider, tuple[str, ...]]:
    """Roles by cloud, of clouds that run functions. Webhooks and user functions of rules run beside processing, and
    IoT TwinMaker calls a function of its own for values.
    """
    wanted: dict[Provider, set[str]] = {}
    for component in blueprint.components:
        role = package_role(component)
        if role in roles_of(component.provider):
            wanted.setdefault(component.provider, set()).add(role)
    if any(isinstance(action, WebhookAction | FunctionAction) for rule in spec.rules for action in rule.actions):
        wanted.setdefault(blueprint.places[Slot.PROCESSING].provider, set()).add("actions")
    if blueprint.places[Slot.MANAGEMENT].offer.startswith("aws.twinmaker"):
        wanted.setdefault(Provider.AWS, set()).add("connector")
    return {
        cloud: tuple(role for role in roles_of(cloud) if role in wanted[cloud])
        for cloud in PROVIDERS
        if cloud in wanted
    }


def package_role(component: PlannedComponent) -> str:
    """The role of the package that a component runs, "" if it runs none."""
    if component.role is Role.PROCESS and component.offer == "gcp.run-worker":
        return "worker"
    return "" if component.role is None else _ROLES.get(component.role, "")
