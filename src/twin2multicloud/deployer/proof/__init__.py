"""Proof of the wiring: a checker that walks what was applied and holds it to the plan, however modules say it.

`prove` takes a deployment, the world that the states of its stacks describe and the links documents, and gives what is
wrong. A clean deployment gives nothing.
"""

from twin2multicloud.deployer.proof.findings import Finding, Rule, Severity, Where, as_json, as_text
from twin2multicloud.deployer.proof.prove import prove
from twin2multicloud.deployer.proof.world import Resource, World, read_world, world_in

__all__ = [
    "Finding",
    "Resource",
    "Rule",
    "Severity",
    "Where",
    "World",
    "as_json",
    "as_text",
    "prove",
    "read_world",
    "world_in",
]
