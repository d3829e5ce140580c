"""Whoever brings a sandbox up or down is killed in between: the next one finds its way, and nothing is there twice."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.rig import Rig
from tests.sandbox.twins import placement_of, small_twin
from twin2multicloud.sandbox.create import create, start
from twin2multicloud.sandbox.launch import launch
from twin2multicloud.sandbox.locks import holder

STARTER = """
import sys
from pathlib import Path
from twin2multicloud.sandbox.create import start
from twin2multicloud.sandbox.layout import Layout
start(Layout(Path(sys.argv[1])))
"""


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    spec, workload = small_twin(4)
    made = Rig(tmp_path / "sandbox", spec, workload, placement_of("aws"))
    yield made
    made.down()


def processes(rig: Rig, module: str) -> list[int]:
    found = []
    for directory in Path("/proc").iterdir():
        if directory.name.isdigit():
            try:
                command = (directory / "cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue
            if module in command and str(rig.layout.directory) in command:
                found.append(int(directory.name))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("moment_s", [0.0, 0.1, 0.3, 0.6])
def test_killed_while_the_supervisor_begins(rig: Rig, moment_s: float) -> None:
    create(rig.layout, rig.twin)
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(rig.layout.directory)])
    while holder(rig.layout.supervisor_lock) is None:
        assert starter.poll() is None
        time.sleep(0.005)
    time.sleep(moment_s)
    with starter:
        starter.kill()
    launch(rig.layout, rig.twin)
    # It is up: every cloud answers, and each is there once.
    rig.client.cloud_status("aws")
    assert len(processes(rig, "twin2multicloud.sandbox.supervisor")) == 1
    assert len(processes(rig, "twin2multicloud.sandbox.cloud")) == 1


@pytest.mark.slow
def test_killed_while_it_is_deleted(rig: Rig) -> None:
    rig.up()
    run = rig.run(messages=1, interval_s=0.05)
    rig.settle(len(run.ledger))
    rig.down()
    # What is left after the first of its files, and what a process was writing that was killed before.
    rig.layout.config_file.unlink()
    draft = rig.layout.directory / ".connection.json.4711"
    draft.write_text("{")
    assert not rig.layout.exists
    create(rig.layout, rig.twin)
    start(rig.layout)
    assert sum(c.records for store in rig.client.cloud_status("aws").stores for c in store.classes) == 0
    rig.down()
    rig.layout.delete()
    assert [file.name for file in rig.layout.directory.iterdir()] == ["ledger-1.ndjson"], "ours, and no draft"


def test_a_directory_in_which_one_was_only_begun_is_no_strangers(rig: Rig) -> None:
    rig.layout.directory.mkdir(parents=True)
    (rig.layout.directory / ".connection.json.4711").write_text("{")
    create(rig.layout, rig.twin)
    assert rig.layout.exists
