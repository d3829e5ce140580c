"""A deployment's directory: what is deployed where, the states of its stacks, its devices' authority, its runs.

- deployment.json: `Settings` (0600)
- twin.json, blueprint.json, placement.json, processors/: the twin as it was deployed last
- applied.json: for each stack that exists the fingerprint of what it was made from
- state.db: the states of all stacks, every version (0600)
- devices/: the authority that devices' certificates come from (0600)
- runs/<run>/: what was rendered for a run, and its events
- moves/: the journals of moves
- deployment.lock: held by whoever changes the deployment
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from twin2multicloud.blueprint.plan import Blueprint, blueprint_json, read_blueprint
from twin2multicloud.deployer.deployment import Deployment, Settings
from twin2multicloud.deployer.state.document import read_document
from twin2multicloud.deployer.state.errors import UnknownVersionError
from twin2multicloud.deployer.state.sqlite import SqliteStateStore
from twin2multicloud.deployer.state.store import StateStore
from twin2multicloud.held import HeldFile, holder_id
from twin2multicloud.model.errors import Twin2MultiCloudError, UsageError
from twin2multicloud.model.slots import Slot
from twin2multicloud.model.spec import TwinSpec, read_spec, spec_json
from twin2multicloud.runtime.ports import Clock
from twin2multicloud.runtime.system_clock import SystemClock

_KEPT_RUNS: Final = 20


class BusyError(Twin2MultiCloudError):
    """Another process is changing this deployment (exit code 6)."""

    exit_code = 6


class Applied(msgspec.Struct, frozen=True):
    """A stack that exists, as far as it is known: what it was made from and when (RFC 3339). `whole` is False after
    an apply that failed or was interrupted.
    """

    stack: str
    slot: str
    site: str
    fingerprint: str
    at: str
    whole: bool = True


class Home:
    """The files of one deployment."""

    def __init__(self, directory: Path, clock: Clock | None = None) -> None:
        self.directory = directory
        self.clock = clock or SystemClock()
        self._settings_file = directory / "deployment.json"
        self._applied_file = directory / "applied.json"
        self._lock_file = directory / "deployment.lock"
        self.devices = directory / "devices"
        self.moves = directory / "moves"
        self.runs = directory / "runs"

    # ── What is deployed ────────────────────────────────────────────────────────────────────────────────────
    @property
    def exists(self) -> bool:
        """Whether anything was ever planned to be deployed from here."""
        return self._settings_file.is_file()

    def settings(self) -> Settings:
        """The deployment's document; `UsageError` where there is none."""
        if not self.exists:
            raise UsageError(
                f"there is no deployment in {self.directory}; `twin2multicloud deploy TWIN` makes one, "
                "--dir names another directory"
            )
        return msgspec.json.decode(self._settings_file.read_bytes(), type=Settings)

    def write_settings(self, settings: Settings) -> None:
        """Replace the deployment's document."""
        replace_file(self._settings_file, msgspec.json.format(msgspec.json.encode(settings), indent=2))

    @property
    def deployed(self) -> bool:
        """Whether a twin was deployed, whole or in part."""
        return (self.directory / "blueprint.json").is_file()

    def spec(self) -> TwinSpec:
        """The twin as it was deployed last."""
        return read_spec((self.directory / "twin.json").read_bytes())

    def blueprint(self) -> Blueprint:
        """Its blueprint."""
        return read_blueprint((self.directory / "blueprint.json").read_bytes())

    def placement(self) -> dict[str, Any]:
        """Its placement, as JSON."""
        found: dict[str, Any] = msgspec.json.decode((self.directory / "placement.json").read_bytes())
        return found

    def processors(self) -> dict[str, str]:
        """The user's modules."""
        folder = self.directory / "processors"
        return {file.stem: file.read_text("utf-8") for file in sorted(folder.glob("*.py"))}

    def deployment(self, held: frozenset[Slot] = frozenset()) -> Deployment:
        """What was deployed last; `UsageError` if nothing was."""
        settings = self.settings()
        if not self.deployed:
            raise UsageError(f"nothing is deployed from {self.directory}; `twin2multicloud deploy TWIN` does")
        return Deployment(settings, self.spec(), self.blueprint(), held)

    def write_twin(
        self, spec: TwinSpec, blueprint: Blueprint, placement: Mapping[str, Any], processors: Mapping[str, str]
    ) -> None:
        """Keep what is about to be deployed."""
        folder = self.directory / "processors"
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.py"):
            if old.stem not in processors:
                old.unlink()
        for name, text in processors.items():
            replace_file(folder / f"{name}.py", text.encode())
        replace_file(self.directory / "twin.json", spec_json(spec))
        replace_file(self.directory / "placement.json", msgspec.json.encode(placement))
        replace_file(self.directory / "blueprint.json", blueprint_json(blueprint))

    def forget_twin(self, uid: str) -> None:
        """Note that nothing is left. Another deployment from here gets names of its own: clouds keep some of those
        that were deleted for weeks (key vaults, identity pools, secrets).
        """
        self.write_settings(msgspec.structs.replace(self.settings(), uid=uid, generations={}))
        for name in ("blueprint.json", "placement.json", "twin.json"):
            (self.directory / name).unlink(missing_ok=True)

    # ── Stacks ──────────────────────────────────────────────────────────────────────────────────────────────
    @contextmanager
    def store(self) -> Iterator[StateStore]:
        """The states of the stacks."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        store = SqliteStateStore(self.directory / "state.db", self.clock)
        try:
            yield store
        finally:
            store.close()

    def applied(self) -> dict[str, Applied]:
        """Stacks that exist, by name."""
        if not self._applied_file.is_file():
            return {}
        found = msgspec.json.decode(self._applied_file.read_bytes(), type=list[Applied])
        return {each.stack: each for each in found}

    def note_applied(self, applied: Applied) -> None:
        """Note that a stack exists."""
        self._write_applied(self.applied() | {applied.stack: applied})

    def forget_applied(self, stack: str) -> None:
        """Note that a stack is gone."""
        self._write_applied({name: each for name, each in self.applied().items() if name != stack})

    def outputs(self, store: StateStore) -> dict[str, Any]:
        """What the modules of applied stacks put out, by stack."""
        found: dict[str, Any] = {}
        for name in store.stacks():
            try:
                slot = read_document(store.content(name)).outputs.get("slot")
            except UnknownVersionError:
                continue
            if slot is not None and slot.value is not None:
                found[name] = slot.value
        return found

    def utc(self) -> datetime:
        """The time."""
        return datetime.fromtimestamp(self.clock.now(), UTC)

    def now(self) -> str:
        """The time, as RFC 3339 text in UTC."""
        return self.utc().strftime("%Y-%m-%dT%H:%M:%SZ")

    # ── Runs ────────────────────────────────────────────────────────────────────────────────────────────────
    def new_run(self, what: str) -> Path:
        """A directory for one run; of earlier ones the last twenty are kept."""
        self.runs.mkdir(mode=0o700, parents=True, exist_ok=True)
        earlier = sorted(path for path in self.runs.iterdir() if path.is_dir())
        for old in earlier[: max(len(earlier) - _KEPT_RUNS + 1, 0)]:
            _remove(old)
        stamp = self.utc().strftime("%Y%m%dT%H%M%S%f")
        folder = self.runs / f"{stamp}-{what}"
        folder.mkdir(mode=0o700)
        return folder

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Be the only one who changes the deployment; `BusyError` while somebody else is."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = HeldFile.take(self._lock_file)
        if held is None:
            raise BusyError(
                f"process {holder_id(self._lock_file)} is changing the deployment in {self.directory} right now; "
                "wait for it, or interrupt it (Ctrl-C there ends it in order)"
            )
        with held:
            yield

    def _write_applied(self, applied: Mapping[str, Applied]) -> None:
        replace_file(self._applied_file, msgspec.json.format(msgspec.json.encode(list(applied.values())), indent=2))


def replace_file(file: Path, content: bytes) -> None:
    """Replace a file's content at once, readable by its owner only."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
