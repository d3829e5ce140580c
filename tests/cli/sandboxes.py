"""A sandbox as its user has it: the command line as processes in a directory of one's own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cli.conftest import Outcome, call
from tests.patience import PATIENCE_S
from twin2multicloud.blueprint.catalog import OFFERS
from twin2multicloud.model.placement import Placement, SlotChoice
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.create import stop
from twin2multicloud.sandbox.layout import Layout
from twin2multicloud.sandbox.probe import Probe, connect

TWIN = """\
name: bench
workload: {message_interval_s: 10, message_size_bytes: 150}
assumptions: {batch_window_s: 0.1}
device_types:
  lamp:
    processor: processors/lamp.py
    fields:
      brightness: {type: double, min: 0, max: 100, simulate: {base: 40}}
      steps: {type: integer, min: 0, max: 100, simulate: {base: 2}}
      note: {type: string, required: false}
    commands:
      switch: {fields: {to: {type: string, allowed: ["on", "off"]}}}
      blink:
  meter:
    fields:
      power: {type: double, unit: W, min: 0, max: 4000, simulate: {base: 100}}
devices:
  - {type: lamp, names: [lamp-1, lamp-2], within: house}
  - {type: meter, count: 4, name: "meter-{n}", within: house}
graph:
  models: {House: {}}
  entities: [{id: house, model: House}]
rules:
  - {name: bright, on: lamp, when: brightness > 90, trigger: each, actions: [{alert: "{brightness} at {device}"}]}
  - {name: ratio, on: lamp, when: brightness / steps > 1e9, trigger: each, actions: [{alert: "{device}"}]}
  - {name: hook, on: meter, when: power > 3000, trigger: each, actions: [{webhook: "http://127.0.0.1:9/"}]}
  - {name: call, on: meter, when: power > 2000, trigger: each, actions: [{function: processors/call.py}]}
  - name: off
    on: meter
    when: power > 3900
    trigger: each
    actions: [{command: {name: switch, device: lamp-1, payload: {to: "off"}}}]
  - {name: warm, on: meter, when: power > 1000, actions: [{alert: "{device} is warm"}]}
dashboards:
  - {title: Bench, panels: [{title: Power, kind: timeseries, on: meter, fields: [power]}]}
"""

LAMP = """\
def process(reading, device):
    if reading["brightness"] == 66:
        raise ValueError("sixty-six")
    return reading
"""

CALL = """\
def act(alert):
    raise RuntimeError("out of order")
"""

_REGIONS = {Provider.AWS: "eu-central-1", Provider.AZURE: "westeurope", Provider.GCP: "europe-west1"}
SPREAD = {
    Slot.ACQUISITION: "aws",
    Slot.PROCESSING: "azure",
    Slot.HOT: "gcp",
    Slot.COOL: "aws",
    Slot.ARCHIVE: "azure",
    Slot.MANAGEMENT: "gcp",
    Slot.VISUALIZATION: "aws",
}
"""Every edge is a link."""


class Bench:
    """A directory with a twin, and the sandbox in it."""

    def __init__(self, home: Path, clouds: Mapping[Slot, str] | str = "aws", twin: str = TWIN) -> None:
        self.home = home
        self.layout = Layout(home / ".twin2multicloud" / "sandbox")
        (home / "processors").mkdir(parents=True)
        (home / "twin.yaml").write_text(twin)
        self.write("lamp", LAMP)
        self.write("call", CALL)
        (home / "placement.json").write_text(json.dumps(placement_json(clouds)))

    def write(self, module: str, text: str) -> None:
        (self.home / "processors" / f"{module}.py").write_text(text)

    def process(self, *arguments: str, code: int = 0) -> Outcome:
        """One run of `twin2multicloud sandbox` as a process of its own, which must end with this code."""
        done = subprocess.run(
            [sys.executable, "-m", "twin2multicloud", "sandbox", *arguments],
            cwd=self.home,
            env=environment(None),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, f"{arguments}: {done}"
        return Outcome(done.returncode, done.stdout, done.stderr)

    def __call__(
        self, *arguments: str, code: int | None = 0, env: Mapping[str, str] | None = None, stdin: bytes = b""
    ) -> Outcome:
        """The same in this process, which is quicker."""
        with contextlib.chdir(self.home):
            done = call("sandbox", *arguments, env=env, stdin=stdin)
        assert code in (None, done.code), f"{arguments}: {done}"
        return done

    def up(self, *options: str, code: int = 0) -> Outcome:
        return self("up", "twin.yaml", "--placement", "placement.json", *options, code=code)

    @contextmanager
    def follow(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A command that goes on until it is interrupted."""
        running = subprocess.Popen(
            [sys.executable, "-m", "twin2multicloud", "sandbox", *arguments],
            cwd=self.home,
            env=environment(None),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield running
        finally:
            if running.poll() is None:
                running.kill()
            running.communicate()

    @property
    def client(self) -> SandboxClient:
        return SandboxClient(self.layout)

    def device(self, name: str) -> Probe:
        return connect(self.layout.connection(), name)

    def send(self, device: str, *messages: Any) -> None:
        """Send as a device: JSON values, or bytes as they are."""
        probe = self.device(device)
        for message in messages:
            probe.send(message if isinstance(message, bytes) else json.dumps(message).encode())
        probe.close()

    def records(self) -> int:
        """Records in all tiers."""
        return sum(
            kind.records
            for cloud in self.client.config.clouds
            for store in self.client.cloud_status(cloud).stores
            for kind in store.classes
        )

    def settled(self) -> None:
        """Wait until nothing is on its way, but what a rule's actions try again and again."""
        until(lambda: not self._on_their_way(), "messages are on their way", 20)

    def _on_their_way(self) -> int:
        statuses = (self.client.cloud_status(cloud) for cloud in self.client.config.clouds)
        return sum(queue.depth for status in statuses for queue in status.queues if queue.name != "actions")

    def errors(self) -> list[Any]:
        return self("errors", "--json").lines

    def error(self, kind: str, timeout_s: float = PATIENCE_S) -> Any:
        """The folded error of a kind, as soon as there is one."""
        return until(lambda: next((e for e in self.errors() if e["kind"] == kind), None), f"no {kind}", timeout_s)

    def pids(self) -> list[int]:
        """The processes of this sandbox that run."""
        found = []
        for directory in Path("/proc").iterdir():
            if directory.name.isdigit():
                try:
                    command = (directory / "cmdline").read_bytes().decode().split("\0")
                    state = (directory / "stat").read_text().rpartition(")")[2].split()[0]
                except OSError:
                    continue
                if str(self.layout.directory) in command and state != "Z":
                    found.append(int(directory.name))
        return found

    def close(self) -> None:
        stop(self.layout)
        until(lambda: not self.pids(), "processes are left")


@contextmanager
def bench(home: Path, clouds: Mapping[Slot, str] | str = "aws", twin: str = TWIN, *options: str) -> Iterator[Bench]:
    """A twin that is up."""
    made = Bench(home, clouds, twin)
    made.up(*options)
    try:
        yield made
    finally:
        made.close()


def environment(more: Mapping[str, str] | None) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "TERM")}
    return {**clean, **(more or {})}


def until(look: Any, problem: str, timeout_s: float = PATIENCE_S) -> Any:
    """What `look` answers, once it is true."""
    deadline = time.monotonic() + timeout_s
    while not (found := look()):
        assert time.monotonic() < deadline, problem
        time.sleep(0.05)
    return found


def kill_all(pids: list[int]) -> None:
    """SIGKILL, as a machine that loses power does it."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def placement_json(clouds: Mapping[Slot, str] | str) -> dict[str, Any]:
    choices = {}
    for slot in Slot:
        provider = Provider(clouds if isinstance(clouds, str) else clouds[slot])
        offer = next(o for o in OFFERS if o.slot is slot and o.provider is provider)
        choices[slot] = SlotChoice(provider=provider, offer=offer.id, region=_REGIONS[provider])
    value: dict[str, Any] = json.loads(Placement(choices).model_dump_json())
    return value
