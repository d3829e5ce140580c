"""The command line over one data directory: without a server, and with one that is a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.cli.conftest import Outcome, call
from tests.patience import PATIENCE_S

START_S = 60.0
TWIN = """\
name: greenhouse
workload: {message_interval_s: 10, message_size_bytes: 150}
device_types:
  sensor:
    processor: code/sensor.py
    fields:
      temperature: {type: double, unit: "°C", min: -20, max: 60, simulate: {base: 21}}
devices:
  - {type: sensor, count: 3, name: "sensor-{n}"}
"""
PROCESSOR = """\
def process(event, context):
    return event
"""


@dataclass
class Place:
    """A directory to work in, with a data directory, an own configuration, and nothing of the process's environment."""

    directory: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.env = {
            "T2M_DATA": str(self.data),
            "XDG_CONFIG_HOME": str(self.directory / "config"),
            "HOME": str(self.directory),
            "COLUMNS": "150",
            **self.env,
        }
        (self.directory / "code").mkdir(parents=True, exist_ok=True)
        (self.directory / "twin.yaml").write_text(TWIN)
        (self.directory / "code/sensor.py").write_text(PROCESSOR)

    @property
    def data(self) -> Path:
        """The backend's."""
        return self.directory / "data"

    @property
    def twin(self) -> str:
        """A twin's file."""
        return str(self.directory / "twin.yaml")

    def __call__(self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Outcome:
        """Run the command line."""
        return call(*arguments, stdin=stdin, env={**self.env, **(env or {})})

    def done(self, *arguments: str, **options: bytes) -> Outcome:
        """The same, which must succeed."""
        outcome = self(*arguments, **options)  # type: ignore[arg-type]
        assert outcome.code == 0, outcome.err
        return outcome

    @property
    def key(self) -> str:
        """The local user's."""
        return (self.data / "local.key").read_text().strip()

    @contextmanager
    def served(self, *options: str) -> Iterator[str]:
        """A server over the data directory; its URL."""
        with self.server(*options) as process:
            yield json.loads((self.data / "server.json").read_text())["url"]
            assert process.poll() is None

    @contextmanager
    def server(self, *options: str) -> Iterator[subprocess.Popen[bytes]]:
        """Its process, once it listens."""
        environment = {**os.environ, **self.env}
        command = [sys.executable, "-m", "twin2multicloud", "serve", "--port", "0", *options]
        log = self.directory / "server.log"
        with log.open("ab") as output:
            process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        deadline = time.monotonic() + START_S
        try:
            while not (self.data / "server.json").exists():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.02)
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def seen(log: Path, text: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until a file has a text in it."""
    deadline = time.monotonic() + patience_s
    while text not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
