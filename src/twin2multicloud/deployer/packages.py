"""The functions' packages: a zip per role and cloud, the same bytes for the same twin, wherever it is built.

Nothing in a package depends on the time, the machine, the Python or its zlib: entries are sorted by name, bear one
date and one mode, and are stored uncompressed (every deflate makes other bytes; hosts compress what they send on).
"""

from __future__ import annotations

import hashlib
import io
import keyword
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from twin2multicloud.deployer.hosts import HOSTS, WITH_USER_CODE, roles_of
from twin2multicloud.deployer.modules import SourceTree, needed
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider
from twin2multicloud.model.spec import FunctionAction, TwinSpec, spec_json

MOST_PROCESSOR_BYTES: Final = 262_144
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
_READABLE_FILE: Final = 0o100644 << 16
_UNIX: Final = 3
_MODULE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True)
class Package:
    """A function's package. `files` are the names and sizes, in bytes, of what is in it."""

    cloud: Provider
    role: str
    content: bytes = field(repr=False)
    files: Mapping[str, int] = field(repr=False)

    @property
    def name(self) -> str:
        """Its file's name."""
        return f"{self.cloud.value}-{self.role}.zip"

    @property
    def sha256(self) -> str:
        """Its hash, in hex."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.content)


def build_package(
    cloud: Provider,
    role: str,
    spec: TwinSpec,
    processors: Mapping[str, str],
    *,
    source: SourceTree | None = None,
) -> Package:
    """The package of the functions of one role. `processors` are the user's modules by name.

    It holds the modules of ours that the role's entry file needs, the spec (`twin.json`, see `function_spec`), the
    user's modules (`processors/`, where the role runs them), the host's own files and `requirements.txt`. Raises
    `UsageError` for a role that the cloud does not have, a name that is no module's, or a module that the twin names
    but that is missing.
    """
    if role not in roles_of(cloud):
        raise UsageError(f"{cloud.label} has no role '{role}'; it has {', '.join(roles_of(cloud))}")
    host = HOSTS[cloud]
    entry = host.entries[role]
    files: dict[str, bytes] = {"twin.json": spec_json(function_spec(spec))}
    texts = dict(entry) | host.settings(spec)
    texts["requirements.txt"] = "".join(f"{requirement}\n" for requirement in host.requirements_of(role))
    for name, text in entry.items():
        if name.endswith(".py"):
            texts |= needed(text, source or SourceTree(), host.sdks)
    if role in WITH_USER_CODE:
        texts |= {f"processors/{name}.py": text for name, text in _checked(spec, processors).items()}
    files |= {name: text.encode() for name, text in texts.items()}
    return Package(cloud, role, zip_of(files), {name: len(files[name]) for name in sorted(files)})


def function_spec(spec: TwinSpec) -> TwinSpec:
    """What functions need of a twin: without its entities and relationships (they are written into the graph), its
    models and dashboards. So a package is small, and a new dashboard changes no function.
    """
    return msgspec.structs.replace(spec, entities=(), relationships=(), models=(), dashboards=())


def build_packages(
    clouds: Mapping[Provider, tuple[str, ...]], spec: TwinSpec, processors: Mapping[str, str]
) -> Iterator[Package]:
    """The packages of some roles of each cloud."""
    source = SourceTree()
    for cloud, roles in clouds.items():
        for role in roles:
            yield build_package(cloud, role, spec, processors, source=source)


def _checked(spec: TwinSpec, processors: Mapping[str, str]) -> dict[str, str]:
    checked = {}
    for name, text in processors.items():
        if not _MODULE.fullmatch(name) or keyword.iskeyword(name):
            raise UsageError(
                f"processor {name[:80]!r} is no module's name: write a letter, then at most 63 letters, digits or _"
            )
        unix = text.replace("\r\n", "\n")
        if len(unix.encode()) > MOST_PROCESSOR_BYTES:
            raise UsageError(f"processor {name} has over {MOST_PROCESSOR_BYTES} bytes; move its data elsewhere")
        checked[name] = unix
    wanted = {kind.processor for kind in spec.device_types if kind.processor is not None} | {
        action.name for rule in spec.rules for action in rule.actions if isinstance(action, FunctionAction)
    }
    missing = sorted(wanted - checked.keys())
    if missing:
        raise UsageError(f"the twin names modules that are not there: {', '.join(missing)}; add them to its processors")
    return checked


def zip_of(files: Mapping[str, bytes]) -> bytes:
    """Files by name as a zip that has the same bytes wherever it is made."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.create_system = _UNIX
            entry.external_attr = _READABLE_FILE
            archive.writestr(entry, files[name])
    return written.getvalue()
