"""The infrastructure code of a twin, for whoever goes on without this program."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twin2multicloud.app.deploying.desired import Desired
from twin2multicloud.deployer.clouds import CLOUDS
from twin2multicloud.deployer.exporting import write_export
from twin2multicloud.deployer.rendering import Renderer
from twin2multicloud.deployer.stacks import Stack, stacks_of


def write_infrastructure(
    wanted: Desired, directory: Path, outputs: Mapping[str, Any], packages: Path | None
) -> list[Stack]:
    """Write all stacks with scripts and a README into a directory. `outputs` are those of stacks that were applied;
    `packages` keeps what functions take from a package index (None: they are left without it).
    """
    stacks = stacks_of(wanted.deployment)
    rendered = Renderer(wanted.packages).render(stacks, directory / "stacks", outputs)
    if packages is not None:
        for stack in stacks:
            CLOUDS[stack.site.provider].complete(stack, rendered[stack.name].directory / "packages", packages)
    write_export(wanted.deployment, stacks, directory)
    return list(stacks)
