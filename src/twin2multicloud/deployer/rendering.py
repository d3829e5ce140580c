"""From stacks to directories: a root module each as `main.tf.json`, with the modules it calls and its packages.

    <stack>/main.tf.json                root module: versions, provider, the module's call with all its arguments
    <stack>/upstream.auto.tfvars.json   what other stacks put out, where it needs any
    <stack>/modules/<cloud>/…           hand-written HCL, copied as it is
    <stack>/packages/<cloud>-<role>.zip its functions' code

A stack's directory leads nowhere outside itself, so that it can be run, read and kept alone. Nothing depends on time or
machine: the same inputs give the same bytes, and `fingerprint` says whether anything of a stack has to be looked at.
"""

from __future__ import annotations

import base64
import hashlib
import posixpath
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from twin2multicloud.deployer.clouds import CLOUDS
from twin2multicloud.deployer.packages import Package
from twin2multicloud.deployer.stacks import Stack, Upstream
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider

REQUIRED_VERSION: Final = ">= 1.6"
SOURCE: Final = Path(__file__).parent / "terraform"
UPSTREAM_FILE: Final = "upstream.auto.tfvars.json"
_REGISTRY: Final = {
    "aws": "hashicorp/aws",
    "azuread": "hashicorp/azuread",
    "azurerm": "hashicorp/azurerm",
    "google": "hashicorp/google",
}
_CALLS: Final = re.compile(r'^\s*source\s*=\s*"(\.\.?/[^"]+)"', re.MULTILINE)
_MODULE_FILES: Final = (".tf", ".json", ".yaml", ".yml", ".sh", ".tftpl", ".ini", ".md")


@dataclass(frozen=True)
class RenderedStack:
    """A stack's root module in its directory. `pending` are inputs that are placeholders as yet, by variable."""

    stack: Stack
    directory: Path
    fingerprint: str
    pending: tuple[str, ...]


class Renderer:
    """Renders stacks with the packages of their functions. `versions` override the pinned provider versions."""

    def __init__(
        self, packages: Sequence[Package], *, versions: Mapping[str, str] | None = None, source: Path = SOURCE
    ) -> None:
        self._packages = {(package.cloud, package.role): package for package in packages}
        self._versions = dict(versions or {})
        self._source = source
        self._read: dict[str, dict[str, bytes]] = {}

    def render(
        self, stacks: Sequence[Stack], directory: Path, outputs: Mapping[str, Any] | None = None
    ) -> dict[str, RenderedStack]:
        """Write each stack into a directory of its name; `outputs` are those of stacks that were applied, by name."""
        return {stack.name: self._stack(stack, directory / stack.name, outputs or {}) for stack in stacks}

    def root(self, stack: Stack) -> dict[str, Any]:
        """The root module of a stack, as the JSON of `main.tf.json`."""
        arguments = {name: _literal(value) for name, value in stack.arguments.items()}
        if stack.packages:
            arguments["packages"] = {
                role: _described(self._package(stack.site.provider, role)) for role in stack.packages
            }
        module = {"source": f"./modules/{stack.module}", **arguments}
        module |= {name: f"${{var.{name}}}" for name in stack.upstream}
        pins = {**CLOUDS[stack.site.provider].provider_versions, **self._versions}
        root: dict[str, Any] = {
            "terraform": {
                "required_version": REQUIRED_VERSION,
                "required_providers": {
                    name: {"source": _REGISTRY[name], "version": pins[name]} for name in stack.providers
                },
            },
            "provider": {name: _literal(dict(block)) for name, block in stack.providers.items()},
            "module": {"slot": module},
            # What a module puts out may be secret in part; none of it belongs on a screen.
            "output": {"slot": {"value": "${module.slot}", "sensitive": True}},
        }
        if stack.upstream:
            root["variable"] = {
                name: {"description": f"From stack {up.stack}: {'.'.join(up.path)}", "type": "any"}
                for name, up in stack.upstream.items()
            }
        return root

    def _stack(self, stack: Stack, folder: Path, outputs: Mapping[str, Any]) -> RenderedStack:
        values, pending = upstream_values(stack.upstream, outputs)
        files = {"main.tf.json": _json(self.root(stack))}
        if stack.upstream:
            files[UPSTREAM_FILE] = _json(values)
        files |= {f"modules/{path}": content for path, content in self.modules(stack.module).items()}
        for role in stack.packages:
            package = self._package(stack.site.provider, role)
            files[f"packages/{package.name}"] = package.content
        shutil.rmtree(folder, ignore_errors=True)
        for path, content in files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        return RenderedStack(stack, folder, _digest(files), pending)

    def _package(self, cloud: Provider, role: str) -> Package:
        if (cloud, role) not in self._packages:
            raise UsageError(f"there is no package of the role '{role}' for {cloud.label}: build it first")
        return self._packages[cloud, role]

    def modules(self, module: str) -> dict[str, bytes]:
        """The files of a module and of those it calls, by path below `terraform`."""
        files: dict[str, bytes] = {}
        waiting, seen = [module], set[str]()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            found = self._module(name)
            files |= found
            for path, content in found.items():
                calls = _CALLS.findall(content.decode()) if path.endswith(".tf") else ()
                waiting += [_joined(path, call) for call in calls]
        return dict(sorted(files.items()))

    def _module(self, name: str) -> dict[str, bytes]:
        if name not in self._read:
            folder = self._source / name
            paths = [path for path in sorted(folder.iterdir()) if path.suffix in _MODULE_FILES and path.is_file()]
            self._read[name] = {f"{name}/{path.name}": path.read_bytes() for path in paths}
            more = folder / "files"  # what a module's templates and scripts are read from
            paths = sorted(path for path in more.rglob("*") if path.is_file()) if more.is_dir() else []
            self._read[name] |= {f"{name}/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in paths}
        return self._read[name]


def upstream_values(
    upstream: Mapping[str, Upstream], outputs: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The values of a stack's upstream variables, and which of them are placeholders, for their stack has not been
    applied yet. An applied stack that lacks the output is a `UsageError`.
    """
    values: dict[str, Any] = {}
    pending = []
    for name, up in upstream.items():
        value = outputs.get(up.stack)
        if value is None:
            values[name] = up.placeholder
            pending.append(name)
            continue
        for key in up.path:
            if not isinstance(value, Mapping) or key not in value:
                raise UsageError(
                    f"stack {up.stack} has no output {'.'.join(up.path)}, which {name} is taken from; deploy it again"
                )
            value = value[key]
        values[name] = value
    return values, tuple(pending)


def _literal(value: Any) -> Any:
    """A value as an argument in Terraform's JSON, in whose texts `${` and `%{` would begin a template."""
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, Mapping):
        return {str(key): _literal(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        each = sorted(value) if isinstance(value, (set, frozenset)) else value
        return [_literal(item) for item in each]
    return value


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2) + b"\n"


def _described(package: Package) -> dict[str, str]:
    digest = bytes.fromhex(package.sha256)
    return {
        "file": f"packages/{package.name}",
        "sha256": package.sha256,
        "base64sha256": base64.b64encode(digest).decode(),
    }


def _digest(files: Mapping[str, bytes]) -> str:
    found = hashlib.sha256()
    for path, content in sorted(files.items()):
        # Packages are told by their hash in the root module, and take long to hash again.
        if not path.startswith("packages/"):
            found.update(f"{path}\0{len(content)}\0".encode() + content)
    return found.hexdigest()


def _joined(path: str, call: str) -> str:
    """The module that a file at `path` calls by a relative path."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), call))
