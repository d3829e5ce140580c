"""The real hashicorp/aws plugin over ministack: found by configuration, run once for all commands."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.deployer.aws.bench import packages_of
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.layer import LAYERS, Layer, write_layers
from twin2multicloud.deployer.packages import zip_of
from twin2multicloud.deployer.rendering import Renderer
from twin2multicloud.deployer.stacks import Stack

MIRROR = "T2M_TF_MIRROR"
ROOT = Path(__file__).parents[3]
"""The environment variable that names a mirror of plugins; else Terraform's own configuration does."""
SERVICES = (
    "budgets",
    "cloudformation",
    "cloudwatch",
    "cloudwatchlogs",
    "dynamodb",
    "iam",
    "iot",
    "kinesis",
    "lambda",
    "s3",
    "scheduler",
    "secretsmanager",
    "sns",
    "sqs",
    "sts",
)


def plugin() -> tuple[Path, str]:
    """The newest plugin that a mirror of this machine has, and its version; without one the test is skipped."""
    told = subprocess.run([str(ROOT / "scripts" / "provider-mirrors")], capture_output=True, text=True, check=True)
    for mirror in filter(None, told.stdout.strip().split(os.pathsep)):
        found = sorted(Path(mirror).glob("*/hashicorp/aws/*/*/terraform-provider-aws_*"))
        if found:
            return found[-1], found[-1].parent.parent.name
    pytest.skip(f"stand-in missing: no mirror has hashicorp/aws: name one in {MIRROR} or Terraform's configuration")


@contextmanager
def attached(directory: Path) -> Iterator[dict[str, str]]:
    """The environment in which Terraform uses one running plugin for all its commands in `directory`: starting it
    anew takes five seconds of processor time, and a plan starts it five times.
    """
    path, _ = plugin()
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with subprocess.Popen(
        [path, "-debug"], cwd=directory, env=own, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                name, _, value = line.strip().partition("=")
                if name == "TF_REATTACH_PROVIDERS":
                    break
            yield {**own, "TF_REATTACH_PROVIDERS": value.strip("'"), "CHECKPOINT_DISABLE": "1"}
        finally:
            process.kill()


def provider(endpoint: str, region: str) -> dict[str, Any]:
    """The provider's block that sends all requests to a stand-in."""
    return {
        "region": region,
        "access_key": "test",
        "secret_key": "test",
        "skip_credentials_validation": True,
        "skip_metadata_api_check": True,
        "skip_region_validation": True,
        "s3_use_path_style": True,
        "endpoints": [dict.fromkeys(SERVICES, endpoint)],
    }


def one_root(deployment: Deployment, stacks: Sequence[Stack], endpoint: str, directory: Path) -> Path:
    """A root module that calls what the stacks call, so that the plugin is configured once for all of them.

    Two things are other than in use, for the sake of the stand-in: there are no alarms (it does not read them back
    whole), and S3's smallest size of objects that change class is left at its default (it does not keep it).
    """
    region = stacks[0].site.region
    own = [
        dataclasses.replace(
            stack,
            providers={"aws": provider(endpoint, region)},
            arguments={**stack.arguments, **({"alarmed": False} if stack.slot is None else {"alarms": None})},
        )
        for stack in stacks
    ]
    rendered = Renderer(packages_of(deployment, tuple(own)), versions={"aws": plugin()[1]}).render(
        own, directory / "each"
    )
    root = directory / "all"
    root.mkdir()
    document: dict[str, Any] = {"module": {}, "output": {}}
    for name, each in rendered.items():
        single = json.loads((each.directory / "main.tf.json").read_text())
        called = _identifier(name)
        upstream = {
            variable: f"${{module.{_identifier(up.stack)}.{'.'.join(up.path)}}}"
            for variable, up in each.stack.upstream.items()
        }
        document["module"][called] = {**single["module"]["slot"], **upstream}
        document["output"][called] = {"value": f"${{module.{called}}}", "sensitive": True}
        document |= {"provider": single["provider"], "terraform": single["terraform"]}
        for part in ("modules", "packages"):
            if (each.directory / part).is_dir():
                shutil.copytree(each.directory / part, root / part, dirs_exist_ok=True)
    (root / "main.tf.json").write_text(json.dumps(document))
    (root / "modules/aws/l3_cool/smallest_override.tf").write_text(
        'resource "aws_s3_bucket_lifecycle_configuration" "cool" {\n'
        "  transition_default_minimum_object_size = null\n}\n"
    )
    return root


def stand_in_layers(monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
    """Layers without msgspec, which ministack's Python has: the test needs no package index."""
    made = zip_of({"python/README": b"msgspec is elsewhere here\n"})
    wheel = zip_of({"README": b"msgspec is elsewhere here\n"})

    class Nowhere:
        def get(self, name: str) -> bytes:
            return wheel

    digests = hashlib.sha256(wheel).hexdigest(), hashlib.sha256(made).hexdigest()
    for architecture in list(LAYERS):
        monkeypatch.setitem(LAYERS, architecture, Layer(architecture, "none.whl", *digests))
    write_layers(directory, LAYERS, directory / "cache", Nowhere())


def _identifier(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "_", name)


def outputs(shown: str) -> Mapping[str, Any]:
    """The outputs of `terraform output -json`, by module."""
    return {name: each["value"] for name, each in json.loads(shown).items()}
