"""From stacks to directories: a root module each as `main.tf.json`, our modules beside them, and the packages.

    modules/<cloud>/…           hand-written HCL, copied as it is
    packages/<cloud>-<role>.zip the functions' code
    stacks/<stack>/main.tf.json the root module: versions, backend, provider, the module's call
    stacks/<stack>/upstream.auto.tfvars.json  what other stacks put out

Nothing here depends on time or machine, so that a stack is rendered to the same bytes as long as its inputs are the
same; its `fingerprint` says whether anything of it has to be looked at again.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
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
_REGISTRY: Final = {"aws": "hashicorp/aws", "azurerm": "hashicorp/azurerm", "google": "hashicorp/google"}
_REGISTRY_MORE: Final = {"azuread": "hashicorp/azuread"}
_MODULE_FILES: Final = (".tf", ".json", ".yaml", ".yml", ".sh", ".tftpl", ".ini")


@dataclass(frozen=True)
class RenderedStack:
    """A stack's root module in its directory. `pending` are inputs that are placeholders as yet, by variable."""

    stack: Stack
    directory: Path
    fingerprint: str
    pending: tuple[str, ...]


class Renderer:
    """Renders stacks with the packages of their functions. `versions` override the pinned provider versions,
    `backend` is the root modules' (`http`, whose address the environment tells, or `local` in an export).
    """

    def __init__(
        self,
        packages: Sequence[Package],
        *,
        versions: Mapping[str, str] | None = None,
        backend: str = "http",
        source: Path = SOURCE,
    ) -> None:
        self._packages = {(package.cloud, package.role): package for package in packages}
        self._versions = dict(versions or {})
        self._backend = backend
        self._source = source

    def render(
        self, stacks: Sequence[Stack], directory: Path, outputs: Mapping[str, Any] | None = None
    ) -> dict[str, RenderedStack]:
        """Write the stacks below `directory`; `outputs` are those of stacks that have been applied, by name."""
        for cloud in dict.fromkeys(stack.site.provider for stack in stacks):
            self._copy_modules(cloud, directory / "modules" / cloud.value)
        (directory / "packages").mkdir(parents=True, exist_ok=True)
        for stack in stacks:
            for role in stack.packages:
                package = self._package(stack.site.provider, role)
                (directory / "packages" / package.name).write_bytes(package.content)
        return {stack.name: self._stack(stack, directory, outputs or {}) for stack in stacks}

    def root(self, stack: Stack) -> dict[str, Any]:
        """The root module of a stack, as the JSON of `main.tf.json`."""
        cloud = CLOUDS[stack.site.provider]
        arguments = {name: _literal(value) for name, value in stack.arguments.items()}
        if stack.packages:
            arguments["packages"] = {
                role: self._described(self._package(stack.site.provider, role)) for role in stack.packages
            }
        module = {"source": f"../../modules/{stack.module}", **arguments}
        module |= {name: f"${{var.{name}}}" for name in stack.upstream}
        pins = cloud.provider_versions | self._versions
        root: dict[str, Any] = {
            "terraform": {
                "required_version": REQUIRED_VERSION,
                "required_providers": {
                    name: {"source": (_REGISTRY | _REGISTRY_MORE)[name], "version": pins[name]}
                    for name in stack.providers
                },
                "backend": {self._backend: {}},
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

    def _stack(self, stack: Stack, directory: Path, outputs: Mapping[str, Any]) -> RenderedStack:
        folder = directory / "stacks" / stack.name
        folder.mkdir(parents=True, exist_ok=True)
        text = _json(self.root(stack))
        (folder / "main.tf.json").write_bytes(text)
        values, pending = upstream_values(stack.upstream, outputs)
        if stack.upstream:
            (folder / UPSTREAM_FILE).write_bytes(_json(values))
        digest = hashlib.sha256(text + _json(values) + self._digest_of(stack.site.provider).encode())
        return RenderedStack(stack, folder, digest.hexdigest(), pending)

    def _package(self, cloud: Provider, role: str) -> Package:
        if (cloud, role) not in self._packages:
            raise UsageError(f"there is no package of the role '{role}' for {cloud.label}: build it first")
        return self._packages[cloud, role]

    def _described(self, package: Package) -> dict[str, str]:
        digest = bytes.fromhex(package.sha256)
        return {
            "file": f"../../packages/{package.name}",
            "sha256": package.sha256,
            "base64sha256": base64.b64encode(digest).decode(),
        }

    def _copy_modules(self, cloud: Provider, target: Path) -> None:
        shutil.rmtree(target, ignore_errors=True)
        for path, content in self._modules(cloud).items():
            file = target / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)

    def _modules(self, cloud: Provider) -> dict[str, bytes]:
        return self._all_modules[cloud]

    @cached_property
    def _all_modules(self) -> Mapping[Provider, dict[str, bytes]]:
        return _Lazy(lambda cloud: module_files(self._source / cloud.value))

    def _digest_of(self, cloud: Provider) -> str:
        return self._module_digests[cloud]

    @cached_property
    def _module_digests(self) -> Mapping[Provider, str]:
        def digest(cloud: Provider) -> str:
            found = hashlib.sha256()
            for path, content in self._modules(cloud).items():
                found.update(f"{path}\0{len(content)}\0".encode() + content)
            return found.hexdigest()

        return _Lazy(digest)


class _Lazy(dict[Provider, Any]):
    """Values made when first asked for."""

    def __init__(self, make: Callable[[Provider], Any]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: Provider) -> Any:
        self[key] = value = self._make(key)
        return value


def module_files(directory: Path) -> dict[str, bytes]:
    """The files of a cloud's modules, by path below `directory`, sorted."""
    found = (path for path in directory.rglob("*") if path.is_file() and path.suffix in _MODULE_FILES)
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in sorted(found)}


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
