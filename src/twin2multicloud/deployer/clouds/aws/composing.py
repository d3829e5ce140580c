"""What the stacks of all slots have in common: provider, tags, functions, the way to alarms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from twin2multicloud.deployer.clouds.aws.functions import architecture, functions, plans_of
from twin2multicloud.deployer.clouds.aws.names import AwsNames
from twin2multicloud.deployer.deployment import Site
from twin2multicloud.deployer.functions import FunctionPlan
from twin2multicloud.deployer.stacks import Stack, Upstream, foundation_name, slot_name
from twin2multicloud.model.slots import Slot

PROVIDER_VERSIONS: Final[Mapping[str, str]] = {"aws": "6.69.1"}
OFFLINE_ACCOUNT: Final = "000000000000"


def providers(site: Site) -> dict[str, dict[str, Any]]:
    """The provider's block: credentials come from the environment."""
    return {"aws": {"region": site.region}}


def slot_stack(names: AwsNames, slot: Slot, module: str, arguments: Mapping[str, Any], *, runs: bool = True) -> Stack:
    """A slot's stack of a module and what it has of its own; `runs`: the module takes functions, if only none."""
    plans = plans_of(names, slot)
    common: dict[str, Any] = {}
    upstream: dict[str, Upstream] = {}
    if runs:
        common = {
            "functions": functions(names, slot),
            "url_access": names.thing(slot, f"{slot.value} urls"),
            "held": slot in names.deployment.held,
            "alarms": names.alarms,
            "region": names.site.region,
            "log_retention_days": names.deployment.settings.log_retention_days,
        }
    if plans:
        upstream["layers"] = Upstream(foundation_name(names.site), ("layers",), _layer_placeholders(names, plans))
    return Stack(
        name=slot_name(slot, names.deployment.generation(slot)),
        site=names.site,
        slot=slot,
        module=f"aws/{module}",
        arguments={**common, **arguments, "tags": names.tags(slot)},
        providers=providers(names.site),
        upstream=upstream,
        packages=tuple(sorted({plan.package for plan in plans})),
    )


def queues(names: AwsNames, slot: Slot, components: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """A slot's queues, each with the time-out of the function that it starts."""
    timeouts = {plan.source: plan.timeout_s for plan in plans_of(names, slot) if plan.source}
    return {
        component: {
            "name": names.queue(slot, component),
            "undelivered": names.undelivered(slot, component),
            "consumer_timeout_s": timeouts.get(component, 60),
        }
        for component in components
    }


def _layer_placeholders(names: AwsNames, plans: tuple[FunctionPlan, ...]) -> dict[str, str]:
    wanted = sorted({architecture(names, plan) for plan in plans})
    base = f"arn:aws:lambda:{names.site.region}:{OFFLINE_ACCOUNT}:layer"
    return {each: f"{base}:{names.layer(each)}:1" for each in wanted}
