"""Stand-ins for Terraform's providers: the real schemas of AWS, Azure and Google Cloud over pretended clouds.

With them the very same files go through init, validate, plan, apply and destroy on a machine without any account. What
they can show and what they cannot: docs/standin-providers.md.
"""

from twin2multicloud.standin.mirror import mirror
from twin2multicloud.standin.scenario import Delay, Failure, Scenario
from twin2multicloud.standin.scenario import read as read_scenario
from twin2multicloud.standin.serving import available, serve
from twin2multicloud.standin.world import World, WorldObject

__all__ = [
    "Delay",
    "Failure",
    "Scenario",
    "World",
    "WorldObject",
    "available",
    "mirror",
    "read_scenario",
    "serve",
]
