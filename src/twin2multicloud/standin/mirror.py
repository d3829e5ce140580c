"""A directory from which `terraform init` installs the stand-ins as if they were the released providers.

Closer to what happens with the real providers than attaching to a server, and slower, since Terraform starts each
plugin several times. The lock file that such an `init` writes holds the stand-ins' checksums: it must never go with a
real run.
"""

from __future__ import annotations

import platform
import shlex
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from twin2multicloud.standin.serving import SCHEMAS_VARIABLE, available, schemas_directory
from twin2multicloud.standin.sources import HOSTS, SOURCES

_MACHINES: Final = {"x86_64": "amd64", "aarch64": "arm64", "i386": "386", "i686": "386"}


def platform_name() -> str:
    """This machine as Terraform writes it, such as `linux_amd64`."""
    machine = platform.machine().lower()
    return f"{platform.system().lower()}_{_MACHINES.get(machine, machine)}"


def mirror(
    directory: Path,
    world: Path | None = None,
    scenario: Path | None = None,
    providers: Iterable[str] = (),
    schemas: Path | None = None,
) -> Mapping[str, str]:
    """Write a mirror and a configuration file that names it; returns the environment variables that make Terraform use
    them. World, scenario and schemas are written into the plugins, since those see no environment of ours."""
    directory = directory.resolve()
    system = platform_name()
    for name in tuple(providers) or available(schemas):
        source = SOURCES[name]
        text = _wrapper(name, world, scenario, schemas_directory(schemas))
        for host in HOSTS:
            folder = directory / "plugins" / host / source.address / source.version / system
            folder.mkdir(parents=True, exist_ok=True)
            plugin = folder / f"terraform-provider-{name}_v{source.version}"
            plugin.write_text(text)
            plugin.chmod(0o755)
    config = directory / "terraform.rc"
    path = str(directory / "plugins").replace("\\", "\\\\").replace('"', '\\"')
    config.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{path}"\n  }}\n}}\n')
    return {"TF_CLI_CONFIG_FILE": str(config), "CHECKPOINT_DISABLE": "1"}


def _wrapper(name: str, world: Path | None, scenario: Path | None, schemas: Path) -> str:
    """A plugin: a script that starts this package with this interpreter, whatever lies where Terraform runs it."""
    package = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-sP", "-m", "twin2multicloud.standin", "--plugin", name]
    for option, path in (("--world", world), ("--scenario", scenario)):
        if path is not None:
            command += [option, str(path.resolve())]
    variables = {SCHEMAS_VARIABLE: str(schemas.resolve()), "PYTHONPATH": str(package)}
    exports = "".join(f"export {key}={shlex.quote(value)}\n" for key, value in variables.items())
    return f"#!/bin/sh\n{exports}exec {shlex.join(command)}\n"
