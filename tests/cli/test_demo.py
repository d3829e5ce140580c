"""The demo, from the optimizer to the last tier, with a cloud killed in between."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.sandboxes import environment

STEPS = (
    "Optimize smart-home",
    "Bring it up on this machine",
    "Stream from",
    "Verify every hop",
    "Metered in",
    "months pass",
    "Shut down",
)


@pytest.mark.slow
@pytest.mark.xdist_group("measuring")
def test_the_demo_shows_everything_and_leaves_nothing_behind(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    options = ("--devices", "30", "--rate", "60", "--seconds", "8", "--keep", str(kept))
    done = subprocess.run(
        [sys.executable, "-m", "twin2multicloud", "demo", "smart-home", *options],
        cwd=tmp_path,
        env=environment({"COLUMNS": "80"}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    at = -1
    for number, step in enumerate(STEPS, 1):
        found = re.search(rf"^\[{number}\] .*{step}", done.stdout, re.MULTILINE)
        assert found, f"no step '{step}' in {done.stdout}"
        assert found.start() > at
        at = found.start()
    said = " ".join(done.stdout.split())  # whatever the width makes of it
    assert "killed with SIGKILL" in said
    assert "nothing lost, nothing doubled" in said
    assert "every hop works" in said
    assert re.sub(r"✗ (AWS|Azure|GCP) killed", "", said).count("✗") == 0
    assert max(map(len, done.stdout.splitlines())) <= 80, done.stdout
    running = [file.read_bytes() for file in Path("/proc").glob("[0-9]*/cmdline") if _readable(file)]
    assert [line for line in running if str(kept).encode() in line] == []


def _readable(file: Path) -> bool:
    try:
        file.read_bytes()
    except OSError:
        return False
    return True
