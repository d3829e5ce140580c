"""Putting stacks of Google Cloud together: providers, what a site's slots share, queues and schedules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from twin2multicloud.deployer.clouds.gcp.functions import Functions
from twin2multicloud.deployer.clouds.gcp.names import SiteNames, labels
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.functions import Starts
from twin2multicloud.deployer.stacks import Stack, Upstream, slot_name
from twin2multicloud.model.slots import Slot

PULLED_S: Final = 120
"""The time that whoever pulls messages has for them."""
_MARGIN_S: Final = 60
"""Between the end of a function and the moment at which Pub/Sub or Cloud Scheduler takes it for lost."""


def providers(deployment: Deployment, names: SiteNames, slot: Slot | None) -> dict[str, dict[str, Any]]:
    """The provider block: project, region, and the labels of everything that takes some."""
    return {
        "google": {
            "project": names.project,
            "region": names.region,
            "default_labels": labels(deployment, slot),
        }
    }


def site_argument(names: SiteNames) -> dict[str, str]:
    """The argument `site` of the slots' modules: names of what the foundation makes."""
    return {
        "project": names.project,
        "region": names.region,
        "prefix": names.prefix,
        "database": names.database,
        "source_bucket": names.source_bucket,
        "repository": names.repository,
        "builder": names.email(names.builder),
        "caller": names.email(names.caller),
        "undelivered": names.topic("undelivered"),
    }


def slot_stack(
    deployment: Deployment,
    slot: Slot,
    module: str,
    arguments: Mapping[str, Any],
    functions: Functions | None = None,
    upstream: Mapping[str, Upstream] | None = None,
) -> Stack:
    """The stack of a slot, with its site and its functions' packages."""
    site = deployment.site(slot)
    names = SiteNames.of(deployment, site)
    return Stack(
        name=slot_name(slot, deployment.generation(slot)),
        site=site,
        slot=slot,
        module=f"gcp/{module}",
        arguments={"site": site_argument(names), **arguments},
        providers=providers(deployment, names, slot),
        upstream=dict(upstream or {}),
        packages=functions.roles if functions is not None else (),
    )


def queue(
    names: SiteNames,
    name: str,
    generation: int,
    *,
    function: Mapping[str, Any] | None = None,
    topic: str | None = None,
    subscribers: tuple[str, ...] = (),
    wait_s: float = 0.0,
) -> dict[str, Any]:
    """A queue's argument: the topic `name` and its subscription, or a subscription `name` on an existing `topic`.

    It pushes to `function`, whose time and whose gathering (`wait_s`) the acknowledgement deadline covers.
    """
    own = names.topic(name, generation)
    deadline = PULLED_S if function is None else min(function["timeout_s"] + _MARGIN_S + int(wait_s), 600)
    return {
        "topic": own if topic is None else topic,
        "create": topic is None,
        "subscription": own,
        "push_to": None if function is None else function["name"],
        "subscribers": list(subscribers),
        "ack_deadline_s": deadline,
    }


def queues_of(deployment: Deployment, slot: Slot, functions: Functions) -> dict[str, dict[str, Any]]:
    """The queues between a slot's own functions, by component: whatever a function of it is started by."""
    names = SiteNames.of(deployment, deployment.site(slot))
    generation = deployment.generation(slot)
    return {
        plan.source: queue(
            names, plan.source, generation, function=functions.arguments[plan.component], wait_s=plan.window_s
        )
        for plan in functions.plans
        if plan.starts is Starts.QUEUE
    }


def schedules_of(deployment: Deployment, slot: Slot, functions: Functions) -> dict[str, dict[str, Any]]:
    """The schedules of a slot's movers, by the component of the job."""
    names = SiteNames.of(deployment, deployment.site(slot))
    return {
        f"{plan.component}-schedule": {
            "name": names.job(plan.component, deployment.generation(slot)),
            "function": plan.component,
            "cron": cron(plan.runs_per_day),
            "deadline_s": plan.timeout_s + _MARGIN_S,
        }
        for plan in functions.plans
        if plan.starts is Starts.SCHEDULE
    }


def cron(runs_per_day: int) -> str:
    """So many runs a day in cron's words, evenly spread over hours or minutes: at least once a day, at most once a
    minute. Where they cannot be spread evenly, the next larger number that can.
    """
    hours = next((hours for hours in (24, 12, 8, 6, 4, 3, 2, 1) if runs_per_day <= 24 // hours), None)
    if hours is not None:
        return "5 0 * * *" if hours == 24 else ("5 * * * *" if hours == 1 else f"5 */{hours} * * *")
    minutes = next((m for m in (30, 20, 15, 12, 10, 6, 5, 4, 3, 2) if runs_per_day <= 1440 // m), 1)
    return "* * * * *" if minutes == 1 else f"*/{minutes} * * * *"


def zone(region: str) -> str:
    """A zone of a region: of nearly all regions one is called `b`."""
    return f"{region}-b"


def held(deployment: Deployment, slot: Slot) -> bool:
    """Whether a slot waits."""
    return slot in deployment.held
