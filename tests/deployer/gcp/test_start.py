"""Grafana's start script, run by sh with stand-ins for Grafana, the metadata server and Secret Manager."""

from __future__ import annotations

import base64
import os
import re
import signal
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from twin2multicloud.deployer.rendering import SOURCE

SCRIPT = SOURCE / "gcp" / "l5" / "start" / "start.sh"
PASSWORD = "s3cret of the administrator"

GRAFANA = """#!/bin/sh
echo "$GF_SECURITY_ADMIN_PASSWORD" > "$TRACES/first-password"
[ -f "$GF_PATHS_DATA/grafana.db" ] || echo new > "$GF_PATHS_DATA/grafana.db"
trap 'echo stopped >> "$GF_PATHS_DATA/grafana.db"; exit 0' TERM
while sleep 0.1; do :; done
"""
GRAFANA_COMMAND = """#!/bin/sh
echo "$@" >> "$TRACES/commands"
cat >> "$TRACES/passwords"
"""
# Answers as the two services do, and says what it was asked, and what came over its standard input.
CURL = """#!/bin/sh
for last; do :; done
echo "$@" >> "$TRACES/asked"
case "$last" in
  *metadata*) echo '{"access_token":"tok-1","expires_in":3599,"token_type":"Bearer"}' ;;
  *) cat >> "$TRACES/headers"
     [ -f "$TRACES/secret" ] || exit 22
     printf '{\\n  "name": "projects/1/secrets/s/versions/1",\\n  "payload": {\\n'
     printf '    "data": "%s",\\n    "dataCrc32c": "1"\\n  }\\n}\\n' "$(cat "$TRACES/secret")" ;;
esac
"""


class Box:
    """A directory that plays the container: programs, Grafana's data, a bucket, and traces of what was called."""

    def __init__(self, root: Path) -> None:
        self.bin, self.data, self.bucket, self.traces = (root / name for name in ("bin", "data", "bucket", "traces"))
        for each in (self.bin, self.data, self.bucket, self.traces):
            each.mkdir()
        for name, text in (("run.sh", GRAFANA), ("grafana", GRAFANA_COMMAND), ("curl", CURL)):
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)

    @contextmanager
    def running(self, **more: str) -> Iterator[subprocess.Popen[bytes]]:
        environment = {
            **os.environ,
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "RUN": str(self.bin / "run.sh"),
            "GF_PATHS_DATA": str(self.data),
            "TRACES": str(self.traces),
            "STATE": str(self.bucket),
            "ADMIN_SECRET": "projects/p/secrets/grafana-admin",
            "LOOK_EVERY_S": "0.1",
            **more,
        }
        process = subprocess.Popen(["/bin/sh", "-c", SCRIPT.read_text()], env=environment, start_new_session=True)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(10)
            # What the container's end would take along: the script's children that are asleep.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def trace(self, name: str) -> str:
        path = self.traces / name
        return path.read_text() if path.exists() else ""


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def eventually(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_what_an_instance_learnt_is_there_in_the_next(box: Box) -> None:
    with box.running():
        eventually((box.data / "grafana.db").exists)
        (box.data / "grafana.db").write_text("dashboards\n")
    with tarfile.open(box.bucket / "grafana.tar") as saved:
        assert saved.extractfile("grafana.db").read() == b"dashboards\nstopped\n"  # type: ignore[union-attr]
    (box.data / "grafana.db").unlink()
    with box.running():
        eventually((box.data / "grafana.db").exists)
        assert (box.data / "grafana.db").read_text() == "dashboards\nstopped\n"


def test_a_crash_loses_no_more_than_the_time_between_two_copies(box: Box) -> None:
    with box.running(SAVE_EVERY_S="0.2") as process:
        eventually((box.data / "grafana.db").exists)
        (box.data / "grafana.db").write_text("rules\n")
        (box.data / "grafana.db-journal").write_text("half a transaction")
        eventually(
            lambda: (box.bucket / "grafana.tar").exists() and b"rules" in (box.bucket / "grafana.tar").read_bytes()
        )
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
    with tarfile.open(box.bucket / "grafana.tar") as saved:
        assert {"grafana.db", "grafana.db-journal"} == set(saved.getnames())


def test_nobody_knows_the_first_password_and_the_real_one_may_come_later(box: Box) -> None:
    with box.running():
        eventually(lambda: "versions/latest:access" in box.trace("asked"))
        assert re.fullmatch("[0-9A-Za-z]{40}", box.trace("first-password").strip())
        assert box.trace("passwords") == ""
        (box.traces / "secret").write_text(base64.b64encode(PASSWORD.encode()).decode())
        eventually(lambda: PASSWORD in box.trace("passwords"))
    assert "Authorization: Bearer tok-1" in box.trace("headers")
    assert "projects/p/secrets/grafana-admin/versions/latest:access" in box.trace("asked")
    # Arguments can be read by any process of a machine.
    assert PASSWORD not in box.trace("commands")
    assert "tok-1" not in box.trace("asked")


def test_on_a_machines_own_disk_nothing_is_copied(box: Box) -> None:
    with box.running(STATE="", SAVE_EVERY_S="0.1"):
        eventually((box.data / "grafana.db").exists)
        time.sleep(0.4)
    assert list(box.bucket.iterdir()) == []


def test_the_script_ends_with_grafana(box: Box) -> None:
    with box.running(SAVE_EVERY_S="0.1") as process:
        eventually((box.data / "grafana.db").exists)
        subprocess.run(["pkill", "-TERM", "-g", str(process.pid), "-f", "run.sh"], check=True)
        assert process.wait(10) == 0


def test_cloud_run_finds_no_variables_in_it_that_are_none() -> None:
    """Cloud Run, as Kubernetes, replaces what looks like $(NAME) in a container's arguments."""
    assert "$(" not in SCRIPT.read_text()
