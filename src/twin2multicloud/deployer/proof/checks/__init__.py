"""The rules: each file looks at one side of a site, in words that are the same for every cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twin2multicloud.deployer.proof.checks.data import tiers
from twin2multicloud.deployer.proof.checks.environment import environment
from twin2multicloud.deployer.proof.checks.functions import functions
from twin2multicloud.deployer.proof.checks.identities import identities
from twin2multicloud.deployer.proof.checks.queues import dead_letters, errors, logs, secrets
from twin2multicloud.deployer.proof.checks.routes import flows
from twin2multicloud.deployer.proof.checks.tags import tags
from twin2multicloud.deployer.proof.checks.triggers import triggers
from twin2multicloud.deployer.proof.findings import Finding
from twin2multicloud.deployer.proof.site import Seen

Check = Callable[[Seen], Iterable[Finding]]

CHECKS: tuple[Check, ...] = (
    functions,
    environment,
    triggers,
    flows,
    identities,
    dead_letters,
    errors,
    logs,
    secrets,
    tags,
    tiers,
)
"""All that look at one site; links are between sites, and `links.py` looks at all of them."""
