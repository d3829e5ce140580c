"""What is known of one deployment: what is deployed where, its stacks, its devices' authority, its runs.

Documents (see `documents.py`), which are files where a directory is its home (`Home.at`):

- deployment.json: `Settings`
- twin.json, blueprint.json, placement.json, processors/: the twin as it was deployed last
- applied.json: for each stack that exists the fingerprint of what it was made from
- devices/: the authority that devices' certificates come from, and what else is kept of them
- moves/: the journals of moves

Beside them the states of all stacks, every version (state.db), and what makes somebody the only one who changes the
deployment (deployment.lock). The rest is scratch of the machine that works on it:

- runs/<run>/: what was rendered for a run, and its events
- work/: where the engine runs; a state that could not be saved waits there for the stack's next run
- world/: what exists in the pretended clouds of a rehearsal
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from twin2multicloud.blueprint.plan import Blueprint, blueprint_json, read_blueprint
from twin2multicloud.deployer.deployment import Deployment, Settings
from twin2multicloud.deployer.devices.kept import DEVICES, KeptDocuments
from twin2multicloud.deployer.documents import DocumentLog, Documents
from twin2multicloud.deployer.folder import FolderDocuments
from twin2multicloud.deployer.state.document import read_document
from twin2multicloud.deployer.state.errors import UnknownVersionError
from twin2multicloud.deployer.state.sqlite import SqliteStateStore
from twin2multicloud.deployer.state.store import StateStore
from twin2multicloud.held import HeldFile, holder_id
from twin2multicloud.model.errors import Twin2MultiCloudError, UsageError
from twin2multicloud.model.spec import TwinSpec, read_spec, spec_json
from twin2multicloud.runtime.ports import Clock
from twin2multicloud.runtime.system_clock import SystemClock

OFFLINE: Final = "offline"
"""The directory, within a deployment's, of what was rehearsed with stand-in providers: nothing of it is real."""
_SETTINGS: Final = "deployment.json"
_TWIN: Final = "twin.json"
_BLUEPRINT: Final = "blueprint.json"
_PLACEMENT: Final = "placement.json"
_PROCESSORS: Final = "processors/"
_APPLIED: Final = "applied.json"
_BESIDE: Final = ("state.db*", "deployment.lock", "runs", "work", "world", OFFLINE)
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


class AppliedStacks(Protocol):
    """Keeps which stacks of a deployment exist."""

    def all(self) -> Sequence[Applied]:
        """All of them."""
        ...

    def note(self, applied: Applied) -> None:
        """That one exists, in place of what was known of it."""
        ...

    def forget(self, stack: str) -> None:
        """That one is gone."""
        ...


class DocumentedStacks:
    """`AppliedStacks` in one document."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def all(self) -> Sequence[Applied]:
        """As `AppliedStacks.all`."""
        content = self._documents.read(_APPLIED)
        return [] if content is None else msgspec.json.decode(content, type=list[Applied])

    def note(self, applied: Applied) -> None:
        """As `AppliedStacks.note`."""
        known = {each.stack: each for each in self.all()}
        self._write((known | {applied.stack: applied}).values())

    def forget(self, stack: str) -> None:
        """As `AppliedStacks.forget`."""
        self._write(each for each in self.all() if each.stack != stack)

    def _write(self, found: Iterable[Applied]) -> None:
        self._documents.write(_APPLIED, msgspec.json.format(msgspec.json.encode(list(found)), indent=2))


class Home:
    """One deployment, wherever it is kept."""

    def __init__(
        self,
        documents: Documents,
        scratch: Path,
        store: Callable[[], AbstractContextManager[StateStore]],
        changing: Callable[[], AbstractContextManager[None]],
        *,
        where: str,
        stacks: AppliedStacks | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`stacks` keeps which stacks exist (None: among the documents). `store` opens the states of the stacks for as
        long as a block takes. `changing` makes its block the only one that changes the deployment, with `BusyError`
        while somebody else does. `where` is what a person knows all of it by.
        """
        self.documents = documents
        self.kept = KeptDocuments(documents)
        self.store = store
        self.changing = changing
        self.where = where
        self._stacks = stacks or DocumentedStacks(documents)
        self.clock = clock or SystemClock()
        self.runs = scratch / "runs"
        self.work = scratch / "work"
        self.world = scratch / "world"

    @classmethod
    def at(cls, directory: Path, clock: Clock | None = None) -> Home:
        """The deployment kept in a directory (0700), the scratch included."""
        chosen = clock or SystemClock()
        return cls(
            FolderDocuments(directory, beside=_BESIDE, secret=(DEVICES,)),
            directory,
            partial(_states, directory, chosen),
            partial(_only_changer, directory),
            where=str(directory),
            clock=chosen,
        )

    # ── What is deployed ────────────────────────────────────────────────────────────────────────────────────
    @property
    def exists(self) -> bool:
        """Whether anything was ever planned to be deployed from here."""
        return self.documents.read(_SETTINGS) is not None

    def settings(self) -> Settings:
        """The deployment's document; `UsageError` where there is none."""
        content = self.documents.read(_SETTINGS)
        if content is None:
            raise UsageError(
                f"there is no deployment in {self.where}; `twin2multicloud deploy TWIN` makes one, "
                "--dir names another directory"
            )
        return msgspec.json.decode(content, type=Settings)

    def write_settings(self, settings: Settings) -> None:
        """Replace the deployment's document."""
        self.documents.write(_SETTINGS, msgspec.json.format(msgspec.json.encode(settings), indent=2))

    @property
    def deployed(self) -> bool:
        """Whether a twin was deployed, whole or in part."""
        return self.documents.read(_BLUEPRINT) is not None

    def spec(self) -> TwinSpec:
        """The twin as it was deployed last."""
        return read_spec(self._there(_TWIN))

    def blueprint(self) -> Blueprint:
        """Its blueprint."""
        return read_blueprint(self._there(_BLUEPRINT))

    def placement(self) -> dict[str, Any]:
        """Its placement, as JSON."""
        found: dict[str, Any] = msgspec.json.decode(self._there(_PLACEMENT))
        return found

    def processors(self) -> dict[str, str]:
        """The user's modules."""
        return {_module(name): self._there(name).decode() for name in self._processor_names()}

    def deployment(self) -> Deployment:
        """What was deployed last; `UsageError` if nothing was."""
        return Deployment(self.settings(), self.spec(), self.blueprint())

    def write_twin(
        self, spec: TwinSpec, blueprint: Blueprint, placement: Mapping[str, Any], processors: Mapping[str, str]
    ) -> None:
        """Keep what is about to be deployed."""
        for name in self._processor_names():
            if _module(name) not in processors:
                self.documents.delete(name)
        for module, text in processors.items():
            self.documents.write(f"{_PROCESSORS}{module}.py", text.encode())
        self.documents.write(_TWIN, spec_json(spec))
        self.documents.write(_PLACEMENT, msgspec.json.encode(placement))
        self.documents.write(_BLUEPRINT, blueprint_json(blueprint))

    def forget_twin(self, uid: str) -> None:
        """Note that nothing is left. Another deployment from here gets names of its own: clouds keep some of those
        that were deleted for weeks (key vaults, identity pools, secrets).
        """
        self.write_settings(msgspec.structs.replace(self.settings(), uid=uid, generations={}))
        for name in (_BLUEPRINT, _PLACEMENT, _TWIN):
            self.documents.delete(name)

    # ── Stacks ──────────────────────────────────────────────────────────────────────────────────────────────
    def applied(self) -> dict[str, Applied]:
        """Stacks that exist, by name."""
        return {each.stack: each for each in self._stacks.all()}

    def note_applied(self, applied: Applied) -> None:
        """Note that a stack exists."""
        self._stacks.note(applied)

    def forget_applied(self, stack: str) -> None:
        """Note that a stack is gone."""
        self._stacks.forget(stack)

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

    def log(self, name: str) -> DocumentLog:
        """A log among the documents."""
        return DocumentLog(self.documents, name, self.where)

    # ── Runs ────────────────────────────────────────────────────────────────────────────────────────────────
    def new_run(self, what: str) -> Path:
        """A directory for one run; of earlier ones the last twenty are kept."""
        self.runs.mkdir(mode=0o700, parents=True, exist_ok=True)
        earlier = sorted(path for path in self.runs.iterdir() if path.is_dir())
        for old in earlier[: max(len(earlier) - _KEPT_RUNS + 1, 0)]:
            shutil.rmtree(old, ignore_errors=True)
        stamp = self.utc().strftime("%Y%m%dT%H%M%S%f")
        folder = self.runs / f"{stamp}-{what}"
        folder.mkdir(mode=0o700)
        return folder

    # ── Mechanics ───────────────────────────────────────────────────────────────────────────────────────────
    def _there(self, name: str) -> bytes:
        content = self.documents.read(name)
        if content is None:
            raise UsageError(
                f"nothing is deployed from {self.where} (no {name} is there); `twin2multicloud deploy TWIN` does"
            )
        return content

    def _processor_names(self) -> list[str]:
        return [name for name in self.documents.names(_PROCESSORS) if name.endswith(".py")]


def _module(name: str) -> str:
    return name.removeprefix(_PROCESSORS).removesuffix(".py")


@contextmanager
def _states(directory: Path, clock: Clock) -> Iterator[StateStore]:
    with closing(SqliteStateStore(directory / "state.db", clock)) as store:
        yield store


@contextmanager
def _only_changer(directory: Path) -> Iterator[None]:
    file = directory / "deployment.lock"
    held = HeldFile.take(file)
    if held is None:
        raise BusyError(
            f"process {holder_id(file)} is changing the deployment in {directory} right now; "
            "wait for it, or interrupt it (Ctrl-C there ends it in order)"
        )
    with held:
        yield
