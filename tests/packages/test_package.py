"""The functions' packages: the same bytes for the same twin, complete, nothing more, and they run."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from twin2multicloud.deployer.hosts import WITH_USER_CODE, roles_of
from twin2multicloud.deployer.modules import PackageError, SourceTree, needed
from twin2multicloud.deployer.packages import Package, build_package, build_packages
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import PROVIDERS, Provider
from twin2multicloud.model.spec import TwinSpec, spec_json
from twin2multicloud.model.twin.compile import compile_twin, processor_sources
from twin2multicloud.model.twin.reader import twin_of_scenario
from twin2multicloud.runtime.entry.roles import read_package

EVERY = [(cloud, role) for cloud in PROVIDERS for role in roles_of(cloud)]
NAMES = [f"{cloud.value}-{role}" for cloud, role in EVERY]


@pytest.fixture(scope="module")
def twin() -> tuple[TwinSpec, dict[str, str]]:
    definition = twin_of_scenario("smart-building")
    return compile_twin(definition), processor_sources(definition)


@pytest.fixture(scope="module")
def packages(twin: tuple[TwinSpec, dict[str, str]]) -> dict[tuple[Provider, str], Package]:
    roles = {cloud: roles_of(cloud) for cloud in PROVIDERS}
    return {(built.cloud, built.role): built for built in build_packages(roles, *twin)}


def unpacked(package: Package, directory: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(package.content)) as archive:
        archive.extractall(directory)
    return directory


_UNUSED = {"app", "dashboards", "mqtt", "optimizer", "sandbox", "simulator", "__pycache__"}
BUILD = """
import json
import twin2multicloud
from twin2multicloud.deployer.packages import build_package
from twin2multicloud.model.slots import Provider
from twin2multicloud.model.spec import read_spec
spec = read_spec(open("spec.json", "rb").read())
sources = json.load(open("sources.json"))
print(twin2multicloud.__file__)
for cloud, role in json.load(open("roles.json")):
    print(build_package(Provider(cloud), role, spec, sources).sha256)
"""


def test_the_same_twin_gives_the_same_bytes_everywhere(
    twin: tuple[TwinSpec, dict[str, str]], packages: dict[tuple[Provider, str], Package], tmp_path: Path
) -> None:
    """In another directory, with a checkout's other line ends, another order of sources, hash seed and time zone."""
    (tmp_path / "src").mkdir()
    shutil.copytree(
        SourceTree().directory / "twin2multicloud",
        tmp_path / "src" / "twin2multicloud",
        ignore=lambda folder, _names: _UNUSED if folder.endswith("twin2multicloud") else {"__pycache__"},
    )
    for file in (tmp_path / "src").rglob("*.py"):
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    (tmp_path / "spec.json").write_bytes(spec_json(twin[0]))
    (tmp_path / "sources.json").write_text(json.dumps(dict(reversed(twin[1].items()))))
    (tmp_path / "roles.json").write_text(json.dumps(EVERY))
    environment = {
        "PYTHONPATH": str(tmp_path / "src"),
        "PYTHONHASHSEED": "7",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TZ": "Asia/Tokyo",
    }
    built = subprocess.run(
        [sys.executable, "-c", BUILD], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    source, *hashes = built.stdout.split()
    assert source.startswith(str(tmp_path))
    assert hashes == [packages[key].sha256 for key in EVERY]


def test_any_change_of_the_twin_or_its_code_changes_the_package(twin: tuple[TwinSpec, dict[str, str]]) -> None:
    spec, sources = twin
    before = build_package(Provider.AWS, "process", spec, sources)
    assert build_package(Provider.AWS, "process", spec, sources).content == before.content
    other = {**sources, "room": sources["room"] + "\n"}
    assert build_package(Provider.AWS, "process", spec, other).sha256 != before.sha256
    renamed = msgspec.structs.replace(spec, name="other")
    assert build_package(Provider.AWS, "process", renamed, sources).sha256 != before.sha256
    # What functions do not read does not change them.
    bare = msgspec.structs.replace(spec, dashboards=(), entities=(), relationships=(), models=())
    assert build_package(Provider.AWS, "process", bare, sources).content == before.content
    assert build_package(Provider.AWS, "move", spec, other) == build_package(Provider.AWS, "move", spec, sources)


def test_a_zip_bears_no_trace_of_where_it_was_made(packages: dict[tuple[Provider, str], Package]) -> None:
    for package in packages.values():
        with zipfile.ZipFile(io.BytesIO(package.content)) as archive:
            entries = archive.infolist()
            assert archive.testzip() is None
        names = [entry.filename for entry in entries]
        assert names == sorted(set(names))
        assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
        assert {(entry.create_system, entry.external_attr, entry.compress_type) for entry in entries} == {
            (3, 0o100644 << 16, zipfile.ZIP_STORED)
        }
        assert package.sha256 == hashlib.sha256(package.content).hexdigest()
        assert package.size == len(package.content)
        assert {entry.filename: entry.file_size for entry in entries} == package.files
        assert os.fsencode(str(Path.cwd())) not in package.content
        assert not any(name.startswith(("/", "..")) or "\\" in name or "__pycache__" in name for name in names)


def test_a_package_holds_what_its_role_needs(
    twin: tuple[TwinSpec, dict[str, str]], packages: dict[tuple[Provider, str], Package], tmp_path: Path
) -> None:
    spec, sources = twin
    for (cloud, role), package in packages.items():
        with_code = role in WITH_USER_CODE
        assert {name for name in package.files if name.startswith("processors/")} == (
            {f"processors/{name}.py" for name in sources} if with_code else set()
        )
        adapters = {
            name.split("/")[3] for name in package.files if name.startswith("twin2multicloud/runtime/adapters/")
        }
        assert adapters == {"__init__.py", cloud.value}
        layers = {name.split("/")[1] for name in package.files if name.startswith("twin2multicloud/")}
        assert layers == {"__init__.py", "model", "runtime"}
        directory = unpacked(package, tmp_path / package.name)
        read = read_package(directory)
        assert (read.spec.name, read.spec.rules, read.spec.device_names) == (spec.name, spec.rules, spec.device_names)
        assert read.sources == (sources if with_code else {})


_ISOLATED = """
import sys
entry, root, site = sys.argv[1:]
sys.path[:0] = [root, site]
__import__(entry)
files = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items()}
ours = {name: file for name, file in files.items() if name.split(".")[0] == "twin2multicloud"}
assert ours
assert all(file.startswith(root) for file in ours.values()), "ours from elsewhere"
for name, file in files.items():
    if file.startswith(site) and name not in ours:
        print(".".join(name.split(".")[: 2 if name.startswith(("azure.", "google.")) else 1]))
"""


def isolated(entry: str, directory: Path, site: Path) -> set[str]:
    """Import a module in a Python of its own that sees only these two folders; the packages of `site` it loaded."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _ISOLATED, entry, str(directory), str(site)],
        capture_output=True,
        text=True,
        env={"T2M_FUNCTIONS": "[]"},
        cwd=site,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # msgspec looks for it, wherever there is one.
    return set(done.stdout.split()) - {"typing_extensions"}


@pytest.fixture
def msgspec_only(tmp_path: Path) -> Path:
    """A site with msgspec and nothing else."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "msgspec").symlink_to(Path(msgspec.__file__).parent)
    return site


@pytest.mark.parametrize("cloud", PROVIDERS)
def test_all_handlers_of_an_unpacked_package_need_nothing_but_msgspec(
    cloud: Provider, packages: dict[tuple[Provider, str], Package], tmp_path: Path, msgspec_only: Path
) -> None:
    directory = unpacked(packages[cloud, "process"], tmp_path / "function")
    assert isolated("twin2multicloud.runtime.entry.roles", directory, msgspec_only) == {"msgspec"}


@pytest.mark.parametrize(("cloud", "role"), EVERY, ids=NAMES)
def test_an_unpacked_package_is_whole_and_starts_without_an_sdk(
    cloud: Provider, role: str, packages: dict[tuple[Provider, str], Package], tmp_path: Path, msgspec_only: Path
) -> None:
    """Its entry file takes nothing of ours from outside, and waits with all SDKs until the first event needs them.

    Azure's decorators are the host's own library, so that one (with what it imports itself) is loaded.
    """
    directory = unpacked(packages[cloud, role], tmp_path / "function")
    if cloud is Provider.AZURE:
        everything = Path(msgspec.__file__).parents[1]
        host = {"azure.functions", "werkzeug", "markupsafe"}
        assert isolated("function_app", directory, everything) == {"msgspec", *host}
    else:
        assert isolated("main", directory, msgspec_only) == {"msgspec"}


_PROCESS = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[1:]
from twin2multicloud.runtime.entry.roles import read_package
from twin2multicloud.runtime.user_code import Device, UserCode
package = read_package(Path(sys.argv[1]))
kind = next(kind for kind in package.spec.device_types if kind.processor)
reading = {field.name: 21.0 if field.type == "double" else 1 for field in kind.fields if field.required}
print(UserCode(package.sources).process(kind.processor, reading, Device("d", kind.name, "2026-11-25T12:00:00Z")))
"""


def test_user_code_runs_from_the_package(
    packages: dict[tuple[Provider, str], Package], tmp_path: Path, msgspec_only: Path
) -> None:
    directory = unpacked(packages[Provider.AWS, "process"], tmp_path / "function")
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _PROCESS, str(directory), str(msgspec_only)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert isinstance(ast.literal_eval(done.stdout.strip()), dict)


@pytest.mark.parametrize("name", ["../evil", "a/b", "a.b", "", "1st", "class", "a" * 65, "süß", "a b", "processors\\x"])
def test_names_that_are_no_modules_are_refused(twin: tuple[TwinSpec, dict[str, str]], name: str) -> None:
    with pytest.raises(UsageError, match="no module's name"):
        build_package(Provider.GCP, "process", twin[0], {**twin[1], name: "x = 1"})


def test_code_that_the_twin_names_must_be_there(twin: tuple[TwinSpec, dict[str, str]]) -> None:
    with pytest.raises(UsageError, match=r"names modules that are not there: .*room"):
        build_package(Provider.GCP, "process", twin[0], {})
    with pytest.raises(UsageError, match="has over 262144 bytes"):
        build_package(Provider.GCP, "process", twin[0], {**twin[1], "big": "#" * 300_000})
    assert build_package(Provider.GCP, "move", twin[0], {}).size > 0


def test_a_role_that_a_cloud_does_not_have(twin: tuple[TwinSpec, dict[str, str]]) -> None:
    with pytest.raises(UsageError, match="AWS has no role 'gateway'; it has process"):
        build_package(Provider.AWS, "gateway", *twin)


def declared() -> dict[str, dict[str, SpecifierSet]]:
    """What the project itself is developed and tested with: names and versions by extra."""
    found: dict[str, dict[str, SpecifierSet]] = {}
    for line in importlib.metadata.requires("twin2multicloud") or []:
        requirement = Requirement(line)
        extra = str(requirement.marker or "").partition("extra ==")[2].strip(" '\"")
        found.setdefault(extra, {})[requirement.name] = requirement.specifier
    return found


@pytest.mark.parametrize(("cloud", "role"), EVERY, ids=NAMES)
def test_requirements_have_the_projects_lower_bound_and_end_at_the_next_major_version(
    cloud: Provider, role: str, packages: dict[tuple[Provider, str], Package]
) -> None:
    project = {**declared()[""], **declared()[cloud.value]}
    for requirement in requirements(packages[cloud, role]):
        lower, upper = sorted(requirement.specifier, key=lambda each: each.operator, reverse=True)
        assert (lower.operator, upper.operator) == (">=", "<"), requirement
        assert int(upper.version) == Version(lower.version).major + 1, requirement
        assert SpecifierSet(str(lower)) == project[requirement.name], requirement
        assert importlib.metadata.version(requirement.name) in requirement.specifier, requirement


@pytest.mark.parametrize("cloud", PROVIDERS)
def test_requirements_are_what_the_functions_import_and_the_host_does_not_bring(
    cloud: Provider, packages: dict[tuple[Provider, str], Package]
) -> None:
    """Each is imported, or starts the entry file; whatever is imported comes with one of them, or with the host."""
    brings = {Provider.AWS: {"boto3", "botocore"}}.get(cloud, set())
    owners = distributions()
    for role in roles_of(cloud):
        imported = {owners[name] for name in third_party(packages[cloud, role])} - brings
        named = {requirement.name for requirement in requirements(packages[cloud, role])}
        runs = {"functions-framework"} if cloud is Provider.GCP and role != "worker" else set()
        assert named <= imported | runs, role
        assert imported <= closure(named), role
        assert runs <= named, role


def requirements(package: Package) -> list[Requirement]:
    with zipfile.ZipFile(io.BytesIO(package.content)) as archive:
        lines = archive.read("requirements.txt").decode().splitlines()
    assert lines == sorted(set(lines))
    return [Requirement(line) for line in lines]


def third_party(package: Package) -> set[str]:
    """Names of modules that its code imports anywhere, of neither ours nor Python's own."""
    found: set[str] = set()
    with zipfile.ZipFile(io.BytesIO(package.content)) as archive:
        texts = [archive.read(name) for name in archive.namelist() if name.endswith(".py")]
    for node in (node for text in texts for node in ast.walk(ast.parse(text))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    ours = {"twin2multicloud", *sys.stdlib_module_names}
    return {name for name in found if name.partition(".")[0] not in ours}


class _Owners(dict[str, str]):
    """Distributions by the files they installed; asked by a module's name."""

    def __missing__(self, module: str) -> str:
        base = module.replace(".", "/")
        candidates = (f"{base}/__init__.py", f"{base}.py", f"{base}/version.py", f"{base}/gapic_version.py")
        return next(self[file] for file in candidates if file in self)


def distributions() -> Mapping[str, str]:
    return _Owners(
        (str(file), canonicalize_name(each.name))
        for each in importlib.metadata.distributions()
        for file in each.files or ()
        if file.suffix == ".py"
    )


def closure(names: set[str]) -> set[str]:
    """These distributions and all that they require."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found:
            continue
        found.add(name)
        for line in importlib.metadata.requires(name) or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    return found


class TestImports:
    """How the modules that a function needs are found."""

    def source(self, directory: Path, **files: str) -> SourceTree:
        for name, text in {"runtime/__init__": "", "__init__": "", **files}.items():
            file = directory / "twin2multicloud" / f"{name.replace('__slash__', '/')}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return SourceTree(directory)

    def test_imports_anywhere_but_for_type_checkers(self, tmp_path: Path) -> None:
        source = self.source(
            tmp_path,
            runtime__slash__a="from typing import TYPE_CHECKING\n"
            "if TYPE_CHECKING:\n    from twin2multicloud.runtime import b\n"
            "else:\n    from twin2multicloud.runtime import d\ndef f():\n    from twin2multicloud.runtime.c import x\n",
            runtime__slash__b="import pydantic\n",
            runtime__slash__c="import json\nimport twin2multicloud.runtime.a\nx = 1\n",
            runtime__slash__d="import msgspec\n",
        )
        found = needed("from twin2multicloud.runtime.a import f", source, frozenset({"msgspec"}))
        assert sorted(found) == [
            "twin2multicloud/__init__.py",
            *(f"twin2multicloud/runtime/{name}.py" for name in ("__init__", "a", "c", "d")),
        ]

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("import pydantic", "must not import pydantic"),
            ("def f():\n    import numpy.linalg", "must not import numpy.linalg"),
            ("from twin2multicloud.app import x", "a function has no twin2multicloud.app"),
            ("from twin2multicloud.runtime.gone import x", "there is no module twin2multicloud.runtime.gone"),
            ("from . import x", "line 1 is a relative import"),
        ],
    )
    def test_what_a_function_must_not_import(self, tmp_path: Path, text: str, problem: str) -> None:
        source = self.source(tmp_path, runtime__slash__a=text)
        with pytest.raises(PackageError, match=problem):
            needed("import twin2multicloud.runtime.a", source, frozenset({"msgspec"}))
