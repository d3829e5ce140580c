"""L5 on AWS: Managed Grafana, or Grafana OSS on Fargate."""

from __future__ import annotations

import re
from typing import Final

from twin2multicloud.deployer.clouds.aws.composing import slot_stack
from twin2multicloud.deployer.clouds.aws.foundation import ADMIN_PASSWORD
from twin2multicloud.deployer.clouds.aws.names import AwsNames
from twin2multicloud.deployer.stacks import Stack
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot

IMAGE: Final = "grafana/grafana:12.1.1"
MANAGED_VERSION: Final = "10.4"
"""The newest that Amazon Managed Grafana creates workspaces of."""
PLUG_IN: Final = "yesoreyeram-infinity-datasource"
_HOURS: Final = 730
_VCPUS: Final = (0.5, 1, 2, 4, 8, 16)
"""Fargate's sizes from the smallest that runs Grafana well."""
_MEMORY_MIB_PER_VCPU: Final = 2048
_USER_ID: Final = re.compile(r"([0-9a-f]{10}-)?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
"""A user's id in IAM Identity Center."""


def visualization(names: AwsNames) -> Stack:
    """The stack of L5."""
    offer = names.deployment.blueprint.places[Slot.VISUALIZATION].offer
    return _managed(names) if offer == "aws.managed-grafana" else _container(names)


def _managed(names: AwsNames) -> Stack:
    """Users named by their id in IAM Identity Center get their role here; it knows none by e-mail address."""
    settings = names.deployment.settings
    arguments = {
        "name": names.function(Slot.VISUALIZATION, "dashboards"),
        "grafana_version": MANAGED_VERSION,
        "administrators": [settings.owner] if _USER_ID.fullmatch(settings.owner) else [],
        "viewers": [user for user in settings.users if _USER_ID.fullmatch(user)],
    }
    return slot_stack(names, Slot.VISUALIZATION, "l5/managed_grafana", arguments, runs=False)


def _container(names: AwsNames) -> Stack:
    slot = Slot.VISUALIZATION
    vcpus = size(names)
    arguments = {
        "name": names.function(slot, "dashboards"),
        "network": names.network,
        "execution_role": names.function(slot, "dashboards-execution"),
        "task_role": names.function(slot, "dashboards-task"),
        "image": IMAGE,
        "password": f"{names.secrets_prefix}{ADMIN_PASSWORD}",
        "cpu_units": int(vcpus * 1024),
        "memory_mib": int(vcpus * _MEMORY_MIB_PER_VCPU),
        "environment": {
            "GF_AUTH_ANONYMOUS_ENABLED": "false",
            "GF_LIVE_MAX_CONNECTIONS": "0",  # the HTTP API carries no web sockets
            "GF_PLUGINS_PREINSTALL_SYNC": PLUG_IN,
            "GF_SECURITY_COOKIE_SECURE": "true",
            "GF_SECURITY_DISABLE_GRAVATAR": "true",
            "GF_USERS_ALLOW_SIGN_UP": "false",
            "GF_ANALYTICS_REPORTING_ENABLED": "false",
        },
        "region": names.site.region,
        "log_retention_days": names.deployment.settings.log_retention_days,
    }
    return slot_stack(names, slot, "l5/grafana_oss", arguments, runs=False)


def size(names: AwsNames) -> float:
    """The task's vCPUs: the smallest size that holds what the bill has for the twin's users."""
    dashboards = names.deployment.blueprint.component(Slot.VISUALIZATION, "dashboards")
    uses = () if dashboards is None else dashboards.usage
    billed = sum(use.amount for use in uses if use.meter == "aws.fargate.vcpu-hours") / _HOURS
    for vcpus in _VCPUS:
        if billed <= vcpus + 1e-9:
            return vcpus
    raise UsageError(
        f"Grafana OSS on Fargate would need {billed:.1f} vCPU for its users, a task has at most {_VCPUS[-1]}: "
        "choose Managed Grafana for L5"
    )
