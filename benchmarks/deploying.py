"""Planning a three-cloud twin offline, against bare Terraform: python -m benchmarks.deploying.

Baseline: the same number of stacks without a single resource of ours (`terraform_data`, built in), one after the other:
what starting Terraform twice a stack (init, plan) costs on this machine. All figures are of one run.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.deployer.placements import THREE_CLOUDS, deployment, twin
from tests.deployer.rehearsal import Rehearsal

from twin2multicloud.deployer.engine.binary import find_core
from twin2multicloud.deployer.packages import build_packages
from twin2multicloud.deployer.planned import planned_roles
from twin2multicloud.deployer.rendering import Renderer
from twin2multicloud.deployer.stacks import stacks_of
from twin2multicloud.model.twin.compile import processor_sources

_RUNS = 3


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        wanted = deployment(THREE_CLOUDS)
        sources = processor_sources(twin("smart-home")[0])
        packages = list(build_packages(planned_roles(wanted.blueprint, wanted.spec), wanted.spec, sources))
        stacks = stacks_of(wanted)
        copied = where / "rendered"

        def render() -> None:
            Renderer(packages).render(stacks_of(wanted), copied)

        def copy() -> None:
            shutil.rmtree(where / "copy", ignore_errors=True)
            shutil.copytree(copied, where / "copy")

        rendering = _median(render)
        copying = _median(copy)
        packing = _median(
            lambda: list(build_packages(planned_roles(wanted.blueprint, wanted.spec), wanted.spec, sources))
        )
        bare = _median(lambda: _bare(where / "bare", len(stacks)))
        plans = []
        resources = 0
        for number in range(_RUNS):
            rehearsal = Rehearsal(where / f"plan-{number}", THREE_CLOUDS)
            began = time.perf_counter()
            found = rehearsal.plan()
            plans.append(time.perf_counter() - began)
            resources = sum(len(plan.changes) for plan in found.values())
        planning = statistics.median(plans)
        print(f"three clouds, {len(stacks)} stacks, {resources} resources, {find_core()}")
        print(f"packages of all functions           {packing:7.2f} s")
        print(
            f"rendering every stack               {rendering:7.2f} s   {rendering / copying:5.1f} × copying its files"
        )
        print(f"bare Terraform, init and plan       {bare:7.2f} s   the baseline: as many empty stacks, one by one")
        print(f"the whole plan, from the definition {planning:7.2f} s   {planning / bare:5.1f} × the baseline")


def _bare(folder: Path, count: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    environment = {**os.environ, "CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": os.devnull}
    for number in range(count):
        stack = folder / str(number)
        stack.mkdir(parents=True)
        (stack / "main.tf.json").write_text(json.dumps({"resource": {"terraform_data": {"nothing": {}}}}))
        for command in (["init"], ["plan", "-out=plan"]):
            subprocess.run(
                [*find_core().command, *command, "-input=false"],
                cwd=stack,
                env=environment,
                check=True,
                capture_output=True,
            )


def _median(act: Callable[[], object]) -> float:
    times = []
    for _ in range(_RUNS):
        began = time.perf_counter()
        act()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


if __name__ == "__main__":
    main()
