"""A sandbox's directory: which file is what, and the document that describes the sandbox to its processes.

- sandbox.json: SandboxConfig, that is twin, clouds with their ports, clock, token (0600)
- twin.json, blueprint.json, placement.json: the twin's spec, what is simulated, and where
- built.json: which slots are deployed, where not all of them are
- processors/, waveforms.json, dashboards.json: the user's modules, what values look like, Grafana's definitions
- connection.json: where devices connect, and the secret of their keys (0600)
- supervisor.json: where the supervisor listens, while it runs (0600)
- transition.json: a move under way, as the clouds need to know it
- moves/: the journal of a move under way with the blueprints of both ends, and those of moves that are done
- clouds/<provider>/: one simulated cloud's stores, queues, secrets, counters
- logs/<name>.log: what each process wrote
- *.lock: held by the process whose id they contain, for as long as it lives

Nothing but these lies in it, so that deleting a sandbox deletes nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from twin2multicloud.blueprint.plan import Blueprint, read_blueprint
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import SLOTS, Slot
from twin2multicloud.model.spec import TwinSpec, read_spec
from twin2multicloud.private_files import write_private
from twin2multicloud.sandbox.transition import Transition

MOST_SPEED: Final = 1e8
"""Twin seconds in a second: three years."""

_MODULE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class ClockConfig(msgspec.Struct):
    """The twin's clock: it shows `start` (seconds since 1970) at wall time `wall` and runs `speed` times as fast.

    `stopped`: it stands at `start`, for the sandbox is down and its clock runs at another speed than ours.
    """

    start: float
    wall: float
    speed: float = 1.0
    stopped: bool = False

    def at(self, wall: float) -> float:
        """What it shows at a wall time."""
        return self.start if self.stopped else self.start + (wall - self.wall) * self.speed

    def wall_at(self, time: float) -> float:
        """The wall time at which it shows `time`, as if it had always run as it does now."""
        return self.wall if self.stopped else self.wall + (time - self.start) / self.speed


class CloudConfig(msgspec.Struct):
    """One simulated cloud: the ports it listens on, on 127.0.0.1 only. `mqtt_port` 0: no device speaks MQTT to it."""

    http_port: int
    mqtt_port: int = 0

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.http_port}"


class SupervisorAddress(msgspec.Struct):
    """Where the supervisor listens on 127.0.0.1, and the token it wants to see."""

    port: int
    pid: int
    token: str

    def __repr__(self) -> str:
        return f"SupervisorAddress({self.port}, {self.pid})"


class SandboxConfig(msgspec.Struct):
    """What the processes of a sandbox share. `token` admits to the control API."""

    twin: str
    clouds: dict[str, CloudConfig]
    clock: ClockConfig
    token: str
    batch_window_s: float = 1.0

    def __repr__(self) -> str:
        return f"SandboxConfig({self.twin!r}, {sorted(self.clouds)})"


class Connection(msgspec.Struct):
    """`connection.json`: how devices reach the twin. Each device's key derives from `keys["secret"]` (base64)."""

    twin: str
    mqtt: str | None
    http: str | None
    keys: dict[str, str]


class Built(msgspec.Struct, frozen=True):
    """`built.json`: the slots that are deployed, and those of them that are leaving."""

    slots: tuple[Slot, ...]
    leaving: tuple[Slot, ...] = ()


class Layout:
    """The files of one sandbox."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.config_file = directory / "sandbox.json"
        self.spec_file = directory / "twin.json"
        self.blueprint_file = directory / "blueprint.json"
        self.placement_file = directory / "placement.json"
        self.built_file = directory / "built.json"
        self.dashboards_file = directory / "dashboards.json"
        self.waveforms_file = directory / "waveforms.json"
        self.connection_file = directory / "connection.json"
        self.processors = directory / "processors"
        self.transition_file = directory / "transition.json"
        self.moves = directory / "moves"
        self.logs = directory / "logs"
        self.supervisor_file = directory / "supervisor.json"
        self.supervisor_lock = directory / "supervisor.lock"
        self.move_lock = directory / "move.lock"
        self.setup_lock = directory / "setup.lock"

    def cloud(self, provider: str) -> Path:
        """One cloud's directory."""
        return self.directory / "clouds" / provider

    def cloud_lock(self, provider: str) -> Path:
        """The lock of one cloud's process."""
        return self.directory / f"{provider}.lock"

    def log(self, name: str) -> Path:
        """A process's log file."""
        return self.logs / f"{name}.log"

    def open_log(self, name: str) -> IO[bytes]:
        """A process's log file, to append to."""
        self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.fdopen(os.open(self.log(name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")

    def delete(self) -> None:
        """Remove the sandbox and all it stored; what others put into its directory stays, and then so does that."""
        self.clear()
        # Last, for it says whose the directory is; what is left of a deletion that was killed is no stranger's.
        for file in (self.connection_file, *self.directory.glob("*.lock")):
            file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.directory.rmdir()

    def clear(self) -> None:
        """Remove all but the connection and the locks. First of all the sandbox's document: half a sandbox is none."""
        for file in (
            self.config_file,
            self.spec_file,
            self.blueprint_file,
            self.placement_file,
            self.built_file,
            self.dashboards_file,
            self.waveforms_file,
            self.transition_file,
            self.supervisor_file,
            *self.drafts(),
        ):
            file.unlink(missing_ok=True)
        for name in ("clouds", "logs", "processors", "moves"):
            shutil.rmtree(self.directory / name, ignore_errors=True)

    def drafts(self) -> list[Path]:
        """Files that somebody was writing when it was killed, unless it lives."""
        return [file for file in self.directory.glob(".*.json.*") if file.suffix.removeprefix(".").isdigit()]

    @property
    def exists(self) -> bool:
        """Whether a sandbox was created here."""
        return self.config_file.is_file()

    def config(self) -> SandboxConfig:
        """The sandbox's document; `UsageError` if there is no sandbox here."""
        if not self.exists:
            raise UsageError(f"there is no sandbox in {self.directory}; `twin2multicloud sandbox up TWIN` creates one")
        return msgspec.json.decode(self.config_file.read_bytes(), type=SandboxConfig)

    def write_config(self, config: SandboxConfig) -> None:
        """Replace the sandbox's document."""
        write_private(self.config_file, msgspec.json.encode(config))

    def spec(self) -> TwinSpec:
        """The twin."""
        return read_spec(self.spec_file.read_bytes())

    def blueprint(self) -> Blueprint:
        """What is simulated."""
        return read_blueprint(self.blueprint_file.read_bytes())

    def built(self) -> tuple[Slot, ...]:
        """The slots that are deployed: all of them, unless they are deployed one by one."""
        return self._built().slots

    def leaving(self) -> tuple[Slot, ...]:
        """Those of them that nobody gives anything any more, so that they can go."""
        return self._built().leaving

    def _built(self) -> Built:
        try:
            return msgspec.json.decode(self.built_file.read_bytes(), type=Built)
        except FileNotFoundError:
            return Built(SLOTS)

    def write_built(self, slots: Collection[Slot], leaving: Collection[Slot] = ()) -> None:
        """Put down which slots are deployed."""
        if set(slots) == set(SLOTS) and not leaving:
            self.built_file.unlink(missing_ok=True)
            return
        found = (tuple(slot for slot in SLOTS if slot in these) for these in (slots, leaving))
        write_private(self.built_file, msgspec.json.encode(Built(*found)))

    def transition(self) -> Transition | None:
        """The move under way, None if there is none."""
        try:
            return msgspec.json.decode(self.transition_file.read_bytes(), type=Transition)
        except FileNotFoundError:
            return None

    def blueprint_at(self, provider: str) -> Blueprint:
        """While a slot moves: what is simulated when it is in this cloud, its one end or the other."""
        return read_blueprint((self.moves / f"blueprint.{provider}.json").read_bytes())

    def revision(self) -> str:
        """What the clouds' processes have to do, in short: they run as they should when theirs is this."""
        digest = hashlib.blake2b(digest_size=12)
        for file in (self.spec_file, self.blueprint_file, self.built_file, self.transition_file):
            digest.update(file.read_bytes() if file.exists() else b"")
            digest.update(b"\0")
        digest.update(" ".join(sorted(self.config().clouds)).encode())
        return digest.hexdigest()

    def connection(self) -> Connection:
        """How devices reach the twin."""
        return msgspec.json.decode(self.connection_file.read_bytes(), type=Connection)

    def waveforms(self) -> dict[str, dict[str, dict[str, Any]]]:
        """What devices' values look like: hints for the simulator, by device type and field."""
        if not self.waveforms_file.is_file():
            return {}
        return msgspec.json.decode(self.waveforms_file.read_bytes(), type=dict[str, dict[str, dict[str, Any]]])

    def sources(self) -> dict[str, str]:
        """The user's modules."""
        if not self.processors.is_dir():
            return {}
        return {file.stem: file.read_text("utf-8") for file in sorted(self.processors.glob("*.py"))}

    def write_sources(self, sources: dict[str, str]) -> None:
        """Replace the user's modules."""
        self.processors.mkdir(parents=True, exist_ok=True)
        for old in self.processors.glob("*.py"):
            if old.stem not in sources:
                old.unlink()
        for name, text in sources.items():
            if not _MODULE.fullmatch(name):
                raise UsageError(f"processor {name!r} is not a module's name")
            write_private(self.processors / f"{name}.py", text.encode())
