"""Packages of Azure hold what they import: the wheels that a lock names, and no others."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from twin2multicloud.deployer.clouds.azure import dependencies
from twin2multicloud.deployer.clouds.azure.dependencies import SITE_PACKAGES, WHEELS, complete, fetched, joined
from twin2multicloud.deployer.hosts import HOSTS
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider


def wheel(**files: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/"), text)
    return made.getvalue()


class FewWheels:
    """An index with these wheels, which counts what it is asked for."""

    def __init__(self, **wheels: bytes) -> None:
        self.wheels = {f"{name}-1.0-py3-none-any.whl": content for name, content in wheels.items()}
        self.asked: list[str] = []

    @property
    def lock(self) -> dict[str, str]:
        return {name: hashlib.sha256(content).hexdigest() for name, content in self.wheels.items()}

    def get(self, name: str) -> bytes:
        self.asked.append(name)
        return self.wheels[name]


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> FewWheels:
    found = FewWheels(
        one=wheel(**{"one.py": "ONE = 1\n", "azure__shared.py": "first\n"}),
        two=wheel(**{"two__inner.py": "TWO = 2\n", "azure__shared.py": "second\n"}),
    )
    monkeypatch.setattr(dependencies, "WHEELS", found.lock)
    monkeypatch.setattr(dependencies.fetched, "__defaults__", (found.lock,))
    return found


def test_a_package_is_completed_once(tmp_path: Path, index: FewWheels) -> None:
    packages, cache = tmp_path / "packages", tmp_path / "cache"
    packages.mkdir()
    for role in ("read", "send"):
        (packages / f"azure-{role}.zip").write_bytes(wheel(**{"function_app.py": f"# {role}\n"}))
    other = wheel(**{"main.py": "# not Azure's\n"})
    (packages / "aws-read.zip").write_bytes(other)
    assert complete(packages, cache, index) == ("azure-read.zip", "azure-send.zip")
    assert complete(packages, cache, index) == ()
    assert sorted(index.asked) == sorted(index.wheels)
    assert (packages / "aws-read.zip").read_bytes() == other
    with zipfile.ZipFile(packages / "azure-read.zip") as archive:
        assert archive.testzip() is None
        assert archive.read("function_app.py") == b"# read\n"
        assert archive.read(f"{SITE_PACKAGES}two/inner.py") == b"TWO = 2\n"
        names = archive.namelist()
        assert len(set(names)) == len(names)


def test_the_next_deployment_needs_no_index(tmp_path: Path, index: FewWheels) -> None:
    fetched(tmp_path, index, index.lock)
    index.asked.clear()
    assert set(fetched(tmp_path, index, index.lock)) == set(index.wheels)
    assert index.asked == []


def test_another_file_under_a_wheels_name_is_refused(tmp_path: Path, index: FewWheels) -> None:
    name = next(iter(index.wheels))
    lock = {**index.lock, name: "0" * 64}
    with pytest.raises(UsageError, match=f"{name} is not the file"):
        fetched(tmp_path, index, lock)
    assert not (tmp_path / name).exists()


def test_a_wheel_that_was_damaged_is_fetched_again(tmp_path: Path, index: FewWheels) -> None:
    found = fetched(tmp_path, index, index.lock)
    path = next(iter(found.values()))
    path.write_bytes(b"half")
    fetched(tmp_path, index, index.lock)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == index.lock[path.name]


def test_our_own_files_are_added_to_what_is_there() -> None:
    made = joined(wheel(**{"a.py": "1"}), wheel(**{"b.py": "2"}))
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {"a.py": b"1", "b.py": b"2"}


def test_the_lock_satisfies_what_packages_require() -> None:
    locked = {name: version for name, version, _, _ in map(parse_wheel_filename, WHEELS)}
    for requirement in map(Requirement, HOSTS[Provider.AZURE].requirements):
        name = canonicalize_name(requirement.name)
        assert requirement.specifier.contains(locked[name]), requirement


def test_locked_wheels_run_on_the_functions_worker() -> None:
    for name in WHEELS:
        _, _, _, tags = parse_wheel_filename(name)
        pythons = {tag.interpreter for tag in tags}
        assert pythons & {"py3", "cp312"} or any(tag.abi == "abi3" for tag in tags), name
        assert all(tag.platform == "any" or tag.platform.endswith("x86_64") for tag in tags), name
