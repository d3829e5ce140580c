"""From a fault to the people who are told of it: every kind of error, injected into a sandbox over three clouds.

A real server, a twin deployed over AWS, Azure and Google Cloud as simulated here, a device of the twin, a watcher of
the stream of events, a webhook's receiver and a mail server, all on the same cores. For each kind of error the time is
taken from the moment before whatever causes it is sent: until the runtime has reported the error (for links that is
after their client's second attempt), and until the stream, the webhook and the mail have arrived. Afterwards the
alerts are acknowledged, so that they are told again.

Run: python -m benchmarks.alerts [--rounds N] [--kind KIND] [--json]
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table
from tests.app.receivers import Hook, Mailbox, hook, mailbox

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.client.http import Http
from twin2multicloud.app.schemas.alert_routes import EmailInput, WebhookInput
from twin2multicloud.app.schemas.runs import RunInput
from twin2multicloud.app.schemas.sandboxes import FaultInput, Letters
from twin2multicloud.mqtt.packets import Connect, Will
from twin2multicloud.mqtt.topics import device_topic
from twin2multicloud.mqtt.writer import encode as packet
from twin2multicloud.runtime.adapters.local.dead_letters import LocalDeadLetters
from twin2multicloud.runtime.device_keys import device_key
from twin2multicloud.runtime.envelope import TELEMETRY, Event, encode, source_of
from twin2multicloud.runtime.failures import ErrorKind
from twin2multicloud.runtime.ports import DeadLetter
from twin2multicloud.runtime.times import to_time
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.layout import Layout
from twin2multicloud.sandbox.probe import Probe, connect

TWIN = """\
name: troubled
workload: {message_interval_s: 10, message_size_bytes: 150}
device_types:
  meter:
    processor: code/meter.py
    fields:
      temperature: {type: double, min: -50, max: 150}
      count: {type: integer}
    commands:
      reset: {fields: {hard: {type: boolean}}}
devices:
  - {type: meter, count: 5, name: "meter-{n}"}
rules:
  - {name: ratio, on: meter, when: temperature / count > 1000, actions: [{alert: "much"}]}
  - {name: warm, on: meter, when: temperature > 140, for: 1m, actions: [{alert: "warm"}]}
"""
PROCESSOR = """\
def process(event, context):
    if event["temperature"] == 13:
        raise ValueError("unlucky")
    return event
"""
CLOUDS = {"L1": "aws", "L2": "azure", "L3.hot": "gcp", "L4": "gcp", "L5": "aws"}
DEVICE, STRANGER = "meter-1", "meter-99"
PATIENCE_S = 60.0
START_S = 60.0
_CALM_S = 1.0


@dataclass(frozen=True)
class Delay:
    """How long one kind of error took, in seconds from its cause."""

    kind: str
    reported_s: float
    stream_s: float
    webhook_s: float
    mail_s: float

    @property
    def told_s(self) -> float:
        """From the report until the last of the three was told."""
        return max(self.stream_s, self.webhook_s, self.mail_s) - self.reported_s


@dataclass
class Heard:
    """When which alert came by the stream."""

    at: list[tuple[float, str]] = field(default_factory=list)


class Trouble:
    """A deployed twin, everything that makes it fail, and everybody who is told."""

    def __init__(self, client: Client, twin: str, layout: Layout, hooked: Hook, mails: Mailbox, heard: Heard) -> None:
        self.client = client
        self.twin = twin
        self.sandbox = SandboxClient(layout)
        self._layout = layout
        self._hook = hooked
        self._mails = mails
        self._heard = heard
        self._device: Probe = connect(layout.connection(), DEVICE)
        self._count = 0
        self.causes: Mapping[ErrorKind, Callable[[], Callable[[], object]]] = {
            ErrorKind.MALFORMED: lambda: lambda: self._send(b"{no json"),
            ErrorKind.UNKNOWN_DEVICE: self._stranger,
            ErrorKind.DISCONNECTED: self._lost,
            ErrorKind.CLOCK_SKEW: lambda: lambda: self._tell(time=to_time(self._now() + 86_400)),
            ErrorKind.INVALID: lambda: lambda: self._tell(temperature="warm"),
            ErrorKind.USER_CODE: lambda: lambda: self._tell(temperature=13),
            ErrorKind.RULE_FAILED: lambda: lambda: self._tell(count=0),
            ErrorKind.ACTION_FAILED: lambda: self._unwilling,
            ErrorKind.LINK_TIMEOUT: lambda: self._faulty("error", "persist"),
            ErrorKind.LINK_REFUSED: self._late,
            ErrorKind.WRITE_FAILED: lambda: self._faulty("refuse-writes", "hot"),
            ErrorKind.QUOTA: lambda: self._faulty("disk-full", "hot"),
            ErrorKind.GRAPH_FAILED: lambda: self._faulty("refuse-writes", "graph"),
            ErrorKind.READ_FAILED: self._unanswered,
            ErrorKind.INTERNAL: self._defect,
        }
        """For each kind: prepares it, and gives what causes it."""

    def close(self) -> None:
        """Disconnect the device."""
        self._device.close()

    def measure(self, kind: ErrorKind) -> Delay:
        """Cause one error of a kind, and wait until all were told."""
        cause = self.causes[kind]()
        posts, mails, heard = len(self._hook.posts), len(self._mails.mails), len(self._heard.at)
        begun = time.time()
        threading.Thread(target=_quietly, args=(cause,), daemon=True).start()
        streamed = _until(lambda: [at for at, found in self._heard.at[heard:] if found == kind], f"{kind}: the stream")
        post = _until(
            lambda: [each for each in self._hook.posts[posts:] if each.json["alert"]["kind"] == kind],
            f"{kind}: the webhook",
        )[0]
        mailed = _until(lambda: self._mailed(mails, kind), f"{kind}: the mail")
        self._calm()
        reported = datetime.fromisoformat(post.json["alert"]["last_at"]).timestamp()
        return Delay(
            kind.value,
            *(round(max(at - begun, 0.0), 3) for at in (reported, streamed[0], post.at, mailed[0])),
        )

    def acknowledge(self) -> None:
        """Look after everything, so that it is told again."""
        for alert in list(self.client.alerts.list(acknowledged=False)):
            self.client.alerts.acknowledge(alert.id)

    def _mailed(self, first: int, kind: ErrorKind) -> list[float]:
        pairs = zip(self._mails.mails[first:], self._mails.arrived[first:], strict=False)
        return [at for mail, at in pairs if f"kind   {kind.value}," in mail.get_content()]

    def _calm(self) -> None:
        self.client.operating.clear_faults(self.twin)
        # What is tried again would be told again: it must be handled, or have been given up, before anything else.
        _until(self._is_settled, "the queues")
        time.sleep(_CALM_S)
        self.acknowledge()

    def _is_settled(self) -> bool:
        with suppress(Exception):
            clouds = self.sandbox.status()[1].values()
            return not any(queue.depth + queue.in_flight for cloud in clouds for queue in cloud.queues)
        return False

    # ── Causes ──────────────────────────────────────────────────────────────────────────────────────────────
    def _now(self) -> float:
        return self.sandbox.config.clock.at(time.time())

    def _send(self, payload: bytes) -> None:
        self._device.send(payload)

    def _tell(self, **more: Any) -> None:
        self._count += 1
        self._send(json.dumps({"temperature": 20 + self._count / 100, "count": 1 + self._count, **more}).encode())

    def _unwilling(self) -> None:
        """A device answers a command with failure."""
        self.sandbox.command(DEVICE, "reset", {"hard": True})
        self._device.command(PATIENCE_S, "failed", "jammed")

    def _faulty(self, kind: Any, target: str) -> Callable[[], object]:
        self.client.operating.inject(self.twin, FaultInput(kind=kind, target=target, seconds=0.2))
        return self._tell

    def _late(self) -> Callable[[], object]:
        """The cloud that posts is so much ahead that its signatures hold no more."""
        jump = {"jump": 600.0, "wall_jump": 600.0}
        self.sandbox.request("azure", "POST", "/control/clock", jump)
        return self._tell

    def _stranger(self) -> Callable[[], object]:
        """A message of a device that the twin does not have any more. The gateway lets in none that it never had."""
        return self._planted(STRANGER, to_time(time.time()))

    def _lost(self) -> Callable[[], object]:
        """A device with a last will, whose connection breaks."""
        found = self._layout.connection()
        key = device_key(base64.b64decode(found.keys["secret"]), "meter-2")
        where = urlsplit(found.mqtt or "")
        made = socket.create_connection((where.hostname or "", where.port or 1883), 10.0)
        will = Will(device_topic(found.twin, "meter-2", "state"), b'{"connected": false}', qos=1)
        made.sendall(packet(Connect("meter-2", "meter-2", key.encode(), keep_alive_s=60, will=will)))
        made.recv(64)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return made.close

    def _unanswered(self) -> Callable[[], object]:
        """A dashboard asks a hot store whose cloud answers with errors."""
        self.client.operating.inject(self.twin, FaultInput(kind="error", target="history"))
        page = self.sandbox.config.clouds["aws"].url
        body = json.dumps({"kind": "history", "device": DEVICE, "limit": 10}).encode()

        def ask() -> None:
            asked = urllib.request.Request(f"{page}/dashboard/api/query", body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(asked, timeout=30) as answer:
                answer.read()

        return ask

    def _defect(self) -> Callable[[], object]:
        """A message that no handler expects, as its time is none: only a defect could make one."""
        return self._planted(DEVICE, "never")

    def _planted(self, device: str, at: str) -> Callable[[], object]:
        """A message that never came by the gateway: a dead letter, to be replayed into the intake."""
        data = {"temperature": 145.0, "count": 1}
        event = Event(f"planted-{time.time_ns()}", source_of("troubled", device), TELEMETRY, device, at, data)
        letter = DeadLetter(event.id, "intake", "planted", encode(event), to_time(time.time()), device)
        letters = LocalDeadLetters(self._layout.cloud("azure") / "dead-letters.db")
        letters.put([letter])
        letters.close()
        return lambda: self.client.operating.replay(self.twin, Letters(ids=[event.id]))


# ── Everybody ───────────────────────────────────────────────────────────────────────────────────────────────
@contextmanager
def troubled(folder: Path) -> Iterator[Trouble]:
    """A server, a twin in its sandbox, and those who are told; all gone at the end."""
    with hook() as hooked, mailbox() as mails, _served(folder, mails.port) as client:
        workspace = client.workspaces.find(None)
        routes = client.alert_routes
        routes.create(workspace, WebhookInput.model_validate(
            {"kind": "webhook", "name": "hook", "url": hooked.url, "min_severity": "info"}
        ))  # fmt: skip
        routes.create(workspace, EmailInput(kind="email", name="mail", to=["ada@example.org"], min_severity="info"))
        twin = _placed(client)
        heard = Heard()
        _deploy(client, twin, "deploy")
        try:
            after = next((event.id for event in client.events.list(newest=True, limit=1)), 0)
            threading.Thread(target=_listen, args=(client, after, heard), daemon=True).start()
            made = Trouble(client, twin, Layout(folder / "data" / "sandboxes" / twin), hooked, mails, heard)
            try:
                yield made
            finally:
                made.close()
        finally:
            with suppress(Exception):
                client.operating.clear_faults(twin)
            _deploy(client, twin, "destroy", discard_data=True)


@contextmanager
def _served(folder: Path, smtp_port: int) -> Iterator[Client]:
    data = folder / "data"
    environment = {
        **os.environ,
        "T2M_DATA": str(data),
        "T2M_OPTIMIZER_PROCESSES": "0",
        "T2M_WEBHOOKS__PRIVATE_NETWORKS": '["127.0.0.0/8"]',
        "T2M_SMTP__HOST": "127.0.0.1",
        "T2M_SMTP__PORT": str(smtp_port),
        "T2M_SMTP__SECURITY": "none",
        "T2M_SMTP__MAILS_PER_MINUTE": "600",
        "HOME": str(folder),
    }
    with (folder / "server.log").open("wb") as log:
        command = [sys.executable, "-m", "twin2multicloud", "serve", "--port", "0"]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        _until(lambda: (data / "server.json").exists() or process.poll() is not None, "the server", START_S)
        url = json.loads((data / "server.json").read_text())["url"]
        with Client(Http(url, key=(data / "local.key").read_text().strip())) as client:
            yield client
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _placed(client: Client) -> str:
    """The twin, placed over the three clouds."""
    api, send = "/api/v1/twins", client.http.send
    made: dict[str, Any] = send("POST", api, dict, body={"source": TWIN, "files": {"code/meter.py": PROCESSOR}})
    found: dict[str, Any] = send("POST", f"{api}/{made['id']}/optimize", dict, body={"alternatives": False})
    body = {"optimization": found["id"], "overrides": CLOUDS}
    send("PUT", f"{api}/{made['id']}/placement", dict, body=body, seen=made["version"])
    return str(made["id"])


def _deploy(client: Client, twin: str, kind: Any, **more: Any) -> None:
    run = client.runs.create(twin, RunInput(kind=kind, target="sandbox", approve=True, **more))
    done = _until(lambda: found if (found := client.runs.get(run.id)).ended_at is not None else None, kind, 180.0)
    if done.status != "succeeded":
        raise SystemExit(f"the {kind} {done.status}: {done.problem}")


def _listen(client: Client, after: int, heard: Heard) -> None:
    with suppress(Exception):
        for event in client.events.follow(kind="alert", after=after):
            heard.at.append((time.time(), str(event.data.get("kind", ""))))


def _quietly(cause: Callable[[], object]) -> None:
    with suppress(Exception):
        cause()


def _until(true: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    deadline = time.monotonic() + patience_s
    while not (found := true()):
        if time.monotonic() > deadline:
            raise SystemExit(f"{what}: nothing within {patience_s:.0f} s")
        time.sleep(0.005)
    return found


def measure_all(rounds: int, kinds: tuple[ErrorKind, ...] = tuple(ErrorKind)) -> list[Delay]:
    """Every kind, so many times."""
    with tempfile.TemporaryDirectory() as folder, troubled(Path(folder)) as trouble:
        found = []
        for _ in range(rounds):
            found += [trouble.measure(kind) for kind in kinds]
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kind", type=ErrorKind, action="append", help="only these")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    kinds = tuple(options.kind or ErrorKind)
    found = measure_all(options.rounds, kinds)
    if options.json:
        print(json.dumps([{**asdict(each), "told_s": each.told_s} for each in found]))
        return
    table = Table("error", "reported", "stream", "webhook", "mail", "from report, median", "worst")
    for kind in kinds:
        mine = [each for each in found if each.kind == kind]
        figures = [
            median(getattr(each, name) for each in mine) for name in ("reported_s", "stream_s", "webhook_s", "mail_s")
        ]
        told = [each.told_s for each in mine]
        table.add_row(kind.value, *(f"{each:.2f}" for each in (*figures, median(told), max(told))))
    Console().print(table)


if __name__ == "__main__":
    main()
