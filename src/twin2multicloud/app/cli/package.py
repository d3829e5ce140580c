"""`package`: the zips of a twin's functions, a file for each role and cloud."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin2multicloud.app.cli.check import read_twin
from twin2multicloud.app.cli.terminal import cloud_text, output, print_json
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.names import parse_provider
from twin2multicloud.model.slots import PROVIDERS, Provider

if TYPE_CHECKING:
    from twin2multicloud.deployer.packages import Package
    from twin2multicloud.model.spec import TwinSpec
    from twin2multicloud.model.twin.definition import TwinDefinition


def package(
    name: str, out: Path, *, clouds: Sequence[str] = (), placement: str | None = None, json_output: bool = False
) -> int:
    """Write the packages, and say how large each is."""
    from twin2multicloud.deployer.packages import build_packages
    from twin2multicloud.model.twin.compile import compile_twin, processor_sources

    definition = read_twin(name)
    spec = compile_twin(definition)
    roles = _roles(definition, spec, clouds, placement)
    written = [(built, _write(out, built)) for built in build_packages(roles, spec, processor_sources(definition))]
    if json_output:
        print_json([_json(built, file) for built, file in written])
    else:
        _print([built for built, _ in written], out)
    return 0


def _roles(
    definition: TwinDefinition, spec: TwinSpec, clouds: Sequence[str], placement: str | None
) -> Mapping[Provider, tuple[str, ...]]:
    """The placement's roles, or all; of the clouds named, or of every cloud."""
    from twin2multicloud.deployer.hosts import roles_of

    try:
        named = [parse_provider(one) for value in clouds for one in value.split(",")]
    except ValueError as error:
        raise UsageError(f"--cloud: {error}") from error
    if placement is None:
        roles = {cloud: roles_of(cloud) for cloud in PROVIDERS}
    else:
        from twin2multicloud.app.cli.sandbox import placement_in
        from twin2multicloud.blueprint.plan import blueprint_of
        from twin2multicloud.deployer.planned import planned_roles

        blueprint = blueprint_of(definition.workload, placement_in(placement), definition.assumptions)
        roles = planned_roles(blueprint, spec)
    chosen = {cloud: of_cloud for cloud, of_cloud in roles.items() if not named or cloud in named}
    if not chosen:
        raise UsageError(f"the placement has no functions on {', '.join(cloud.label for cloud in named)}")
    return chosen


def _write(out: Path, built: Package) -> Path:
    """Replace the package's file at once; the same package leaves the file as it is."""
    file = out / built.name
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not file.is_file() or file.read_bytes() != built.content:
            draft = file.with_name(f".{file.name}.{os.getpid()}")
            draft.write_bytes(built.content)
            draft.replace(file)
    except OSError as error:
        raise UsageError(f"--out {out}: {error.strerror or error}; name a directory that can be written") from error
    return file


def _json(built: Package, file: Path) -> dict[str, Any]:
    return {
        "cloud": built.cloud.value,
        "role": built.role,
        "file": str(file),
        "bytes": built.size,
        "sha256": built.sha256,
        "files": dict(built.files),
    }


def _print(packages: Sequence[Package], out: Path) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("cloud")
    table.add_column("role")
    table.add_column("kB", justify="right")
    table.add_column("files", justify="right")
    table.add_column("SHA-256", overflow="ellipsis", no_wrap=True, min_width=16)
    before: Provider | None = None
    for built in packages:
        cloud = cloud_text(built.cloud) if built.cloud is not before else Text()
        table.add_row(cloud, built.role, f"{built.size / 1000:,.1f}", str(len(built.files)), Text(built.sha256, "dim"))
        before = built.cloud
    with output() as console:
        console.print(table)
        total = sum(built.size for built in packages) / 1e6
        console.print(Text.assemble(f"\n{len(packages)} packages, {total:,.1f} MB, in ", (str(out), "bold")))
