"""One run of one stack: Terraform's commands in an isolated directory, each with its events and its end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import msgspec

from twin2multicloud.deployer.engine.binary import Core
from twin2multicloud.deployer.engine.errors import CommandError, EngineError
from twin2multicloud.deployer.engine.events import (
    ChangeSummary,
    Diagnostic,
    Event,
    Log,
    PlannedChange,
    RawDiagnostic,
    ResourceDrift,
    Severity,
    parse_event,
)
from twin2multicloud.deployer.engine.job import EngineSettings, Sink, StackJob
from twin2multicloud.deployer.engine.masking import Masker
from twin2multicloud.deployer.engine.plain import parse_plain, without_colour
from twin2multicloud.deployer.engine.process import FAILED, Ended, Stop, run_process
from twin2multicloud.deployer.engine.steps import Plan, Step
from twin2multicloud.deployer.engine.workdir import WorkDirectory
from twin2multicloud.deployer.state.access import Grant
from twin2multicloud.deployer.state.document import OutputValue, StateDocument, read_document
from twin2multicloud.deployer.state.records import Liveness, StateLock
from twin2multicloud.deployer.state.server import StateServer
from twin2multicloud.held import HeldFile

_POLL_S: Final = 0.05
_MOST_WORDS: Final = 4000
"""Characters of a crashed program's last words that are told; the end says most."""


class _Validation(msgspec.Struct):
    diagnostics: list[RawDiagnostic] = []


class StackRun:
    """The commands of one run. Made by `Engine.open`, which holds the directory and the state's password for it."""

    def __init__(
        self,
        job: StackJob,
        core: Core,
        settings: EngineSettings,
        states: StateServer,
        directory: WorkDirectory,
        held: HeldFile,
        grant: Grant,
        environment: Mapping[str, str],
        masker: Masker,
        sink: Sink,
        stop: Stop,
    ) -> None:
        self.job = job
        self.directory = directory
        self.stop = stop
        self._core = core
        self._settings = settings
        self._states = states
        self._held = held
        self._grant = grant
        self._environment = environment
        self._masker = masker
        self._sink = sink

    @property
    def run_id(self) -> str:
        """The run's name in the state's history and in locks."""
        return self._grant.holder.run_id

    def say(self, event: Event) -> None:
        """Tell the sink something that the engine itself found."""
        self._sink(event)

    # ── Commands that act ──────────────────────────────────────────────────────────────────────────────────
    async def init(self) -> Step:
        """Get providers and modules. One at a time on this machine: the plugin cache bears no more."""
        lock = self._settings.plugin_cache / ".init"
        while (held := HeldFile.take(lock)) is None:
            if self.stop.requested():
                return Step("init", Ended(FAILED, reason=self.stop.reason))
            await asyncio.sleep(_POLL_S)
        with held:
            # The child holds it too: it goes on for a moment should we be killed.
            arguments = ("init", "-input=false", "-no-color")
            return await self._plain(*arguments, command_s=self._settings.init_s, held=held.fileno())

    async def validate(self) -> Step:
        """Check the code without asking any cloud."""
        output = bytearray()
        ended = await self._execute("validate", "-json", on_line=output.extend)
        try:
            found = msgspec.json.decode(bytes(output), type=_Validation).diagnostics
        except msgspec.DecodeError:
            # Nothing that can be read is no good news.
            words = [self._masker.line(bytes(output)).decode(errors="replace")]
            return self._step("validate", replace(ended, code=ended.code or FAILED), words=words)
        diagnostics = tuple(diagnostic.typed() for diagnostic in found)
        for diagnostic in diagnostics:
            self._sink(diagnostic)
        return self._step("validate", ended, diagnostics)

    async def plan(self, *, destroy: bool = False, refresh_only: bool = False) -> Plan:
        """Find out what would be done, and keep it for `apply`. `refresh_only`: only what others did, see `drift`."""
        file = self.directory.plan_file
        file.unlink(missing_ok=True)
        flags = ["-destroy"] if destroy else ["-refresh-only"] if refresh_only else []
        step, events = await self._events(
            "plan", "-detailed-exitcode", f"-out={file}", *self._locking(), *flags, made=file
        )
        if file.exists():
            file.chmod(0o600)
        changes = tuple(event for event in events if isinstance(event, PlannedChange))
        drift = tuple(event for event in events if isinstance(event, ResourceDrift))
        return Plan(step, file, changes, drift, destroy)

    async def apply(self, plan: Plan) -> Step:
        """Do exactly what was planned. A plan that the state has left behind is refused by Terraform."""
        step, _ = await self._events("apply", *self._locking(), f"-parallelism={self._settings.parallelism}", plan.file)
        plan.file.unlink(missing_ok=True)
        return step

    async def state_push(self, file: Path) -> Step:
        """Hand a state to the store; serial and lineage are checked on both sides."""
        return await self._plain("state", "push", *self._locking(), str(file))

    async def force_unlock(self, lock_id: str) -> Step:
        """Break a lock that is named by its id; `EngineError` if the stack's lock is another one, or there is none."""
        lock = self.lock()
        if lock is None or lock.request.id != lock_id:
            now = "it is not locked" if lock is None else lock.describe()
            raise EngineError(f"{self.job.name}: {lock_id} is not its lock: {now}")
        return await self._plain("force-unlock", "-force", lock_id)

    # ── Commands that read ─────────────────────────────────────────────────────────────────────────────────
    async def show_plan(self, plan: Plan) -> dict[str, Any]:
        """A plan in full, as Terraform's JSON. It may hold secrets."""
        return await self._json("show", "-json", str(plan.file))

    async def show_state(self) -> dict[str, Any]:
        """What exists, with all attributes, as Terraform's JSON. It may hold secrets."""
        return await self._json("show", "-json")

    def state(self) -> StateDocument | None:
        """What the store knows of the stack, without asking Terraform; None if there is no state."""
        current = self._states.store.current(self.job.name)
        if current is None:
            return None
        return read_document(self._states.store.content(self.job.name, current.number))

    def outputs(self) -> dict[str, OutputValue]:
        """What the root module put out at the last apply. What is sensitive is masked from now on."""
        state = self.state()
        found = {} if state is None else state.outputs
        self._masker.add(text for output in found.values() if output.sensitive for text in _strings(output.value))
        return found

    def lock(self) -> StateLock | None:
        """Who works on the stack's state, if anybody does."""
        return self._states.store.lock_of(self.job.name)

    def break_dead_lock(self) -> StateLock | None:
        """Break the lock of a run that has died, and say which it was; a living run's is left alone.

        Call it between commands: a run of this directory is dead for certain then, for we hold what it would hold, and
        so is a command of this run that left its lock behind.
        """
        lock = self.lock()
        if lock is None:
            return None
        ours = lock.holder.held == str(self.directory.held_file) and lock.holder.host == socket.gethostname()
        if not ours and lock.holder.liveness() is not Liveness.DEAD:
            return None
        return self._states.store.break_lock(self.job.name)

    # ── Their mechanics ────────────────────────────────────────────────────────────────────────────────────
    async def _events(self, *arguments: str | Path, made: Path | None = None) -> tuple[Step, list[Event]]:
        """A command that prints its events as JSON, and has failed if it has not `made` the file that it should."""
        events: list[Event] = []

        def on_line(line: bytes) -> None:
            event = parse_event(line)
            if event is not None:
                events.append(event)
                self._sink(event)

        words: list[str] = []

        def on_error_line(line: bytes) -> None:
            text = line.decode(errors="replace")
            words.append(text)
            if text.strip():
                self._sink(Log(text, "warn", "stderr"))

        name, *rest = (str(argument) for argument in arguments)
        ended = await self._execute(name, "-input=false", "-json", *rest, on_line=on_line, on_error_line=on_error_line)
        if made is not None and not made.exists() and not ended.reason:
            # A crashed program may end with the code that stands for changes.
            ended = replace(ended, code=FAILED)
        diagnostics = tuple(event for event in events if isinstance(event, Diagnostic))
        summary = next((event for event in reversed(events) if isinstance(event, ChangeSummary)), None)
        return self._step(name, ended, diagnostics, summary, words), events

    async def _plain(self, *arguments: str, command_s: float | None = None, held: int | None = None) -> Step:
        """A command that prints text for people."""
        lines: list[str] = []

        def on_line(line: bytes) -> None:
            text = without_colour(line.decode(errors="replace"))
            lines.append(text)
            if text.strip():
                self._sink(Log(text, kind=arguments[0]))

        ended = await self._execute(*arguments, on_line=on_line, on_error_line=on_line, command_s=command_s, held=held)
        diagnostics = tuple(parse_plain("\n".join(lines)))
        for diagnostic in diagnostics:
            self._sink(diagnostic)
        return self._step(arguments[0], ended, diagnostics, words=lines)

    async def _json(self, *arguments: str) -> dict[str, Any]:
        """A command that prints one JSON document, which is not masked: it is for programs."""
        output, words = bytearray(), bytearray()
        ended = await self._execute(*arguments, on_line=output.extend, on_error_line=words.extend, masked=False)
        what = f"{self.job.name}: {' '.join(arguments[:2])}"
        if ended.code or ended.reason:
            said = ended.reason or self._masker.line(bytes(words or output)).decode(errors="replace").strip()
            raise CommandError(what, said)
        document: dict[str, Any] = msgspec.json.decode(bytes(output))
        return document

    async def _execute(
        self,
        *arguments: str,
        on_line: Callable[[bytes], None],
        on_error_line: Callable[[bytes], None] | None = None,
        command_s: float | None = None,
        held: int | None = None,
        masked: bool = True,
    ) -> Ended:
        def shown(line: bytes) -> None:
            on_line(self._masker.line(line) if masked else line)

        def on_error(line: bytes) -> None:
            said = self._masker.line(line)
            if on_error_line is not None:
                on_error_line(said)
            elif said.strip():
                self._sink(Log(said.decode(errors="replace"), "warn", "stderr"))

        self._grant.refusals.clear()
        default = self._settings.patience
        return await run_process(
            (*self._core.command, *arguments),
            directory=self.directory.module,
            environment=self._environment,
            on_line=shown,
            on_error_line=on_error,
            held=[self._held.fileno()] if held is None else [self._held.fileno(), held],
            stop=self.stop,
            patience=replace(default, command_s=command_s) if command_s else default,
        )

    def _step(
        self,
        name: str,
        ended: Ended,
        diagnostics: tuple[Diagnostic, ...] = (),
        summary: ChangeSummary | None = None,
        words: Sequence[str] = (),
    ) -> Step:
        """`words` is what else was said: all that there is to tell if the command failed without a diagnostic."""
        step = Step(name, ended, diagnostics, summary, tuple(self._grant.refusals))
        if step.ok or step.errors or ended.reason:
            return step
        text = "\n".join(words).strip()
        said = tuple(parse_plain(text)) or (
            Diagnostic(Severity.ERROR, f"{name} ended with code {ended.code}", text[-_MOST_WORDS:]),
        )
        return replace(step, diagnostics=(*diagnostics, *said))

    def _locking(self) -> tuple[str, ...]:
        return (f"-lock-timeout={self._settings.state_wait_s:g}s",)


def _strings(value: object) -> Iterator[str]:
    """All strings in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
