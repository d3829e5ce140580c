"""A move in the sandbox from beginning to end: what `move`, `move --resume` and `move --abort` do there."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from twin2multicloud.blueprint.plan import Blueprint, blueprint_json
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot
from twin2multicloud.moving.journal import Journal
from twin2multicloud.moving.log import FileLog
from twin2multicloud.moving.move import Move
from twin2multicloud.moving.mover import PATIENCE_S, Mover
from twin2multicloud.moving.pace import Pace
from twin2multicloud.moving.steps import Progress, Report
from twin2multicloud.private_files import write_private
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.create import running
from twin2multicloud.sandbox.layout import Layout
from twin2multicloud.sandbox.locks import ProcessLock, SandboxError
from twin2multicloud.sandbox.moving.driver import SandboxDriver

_OTHER_S: Final = 2.0


def under_way(layout: Layout) -> Journal | None:
    """The journal of the move that has begun and not ended. None if there is none."""
    journal = Journal(FileLog(_current(layout)), time.time)
    return journal if journal.entries else None


class SandboxMove:
    """One process's turn at a move. A context: meanwhile nobody else takes part in it."""

    def __init__(
        self,
        layout: Layout,
        *,
        items_per_s: float | None = None,
        patience_s: float = PATIENCE_S,
        progress: Callable[[Progress], None] = lambda _progress: None,
        took: Callable[[str], None] = lambda _what: None,
        driver: SandboxDriver | None = None,
    ) -> None:
        """`items_per_s` bounds how fast is copied; a store that fails is tried again for `patience_s`. `took` and
        `driver` are there for tests."""
        if not running(layout):
            raise SandboxError("the sandbox is not running; `twin2multicloud sandbox up` starts it, then move")
        self._layout = layout
        self._progress = progress
        self._took = took
        self._driver = driver or SandboxDriver(layout)
        self._patience_s = patience_s
        self._pace = Pace(items_per_s, time.sleep, time.monotonic)
        self._held = ExitStack()
        self._held.enter_context(ProcessLock(layout.move_lock, _OTHER_S))

    def __enter__(self) -> SandboxMove:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def begin(self, slot: Slot, after: Blueprint, placement: Mapping[str, Any]) -> Report:
        """Move a slot to where `after` has it; `placement` is the document that says so. `UsageError` if that is no
        move of this slot alone to another cloud, or if not all of the twin is deployed."""
        layout = self._layout
        SandboxClient(layout).check_whole()
        before = layout.blueprint()
        move = Move(slot, before.places[slot], after.places[slot])
        _check(before, after, move)
        log = FileLog(_current(layout))
        if log.lines():
            raise UsageError("a move of this twin is under way; resume or abort it first")
        for provider, blueprint, document in (
            (move.source.provider.value, layout.blueprint_file.read_bytes(), layout.placement_file.read_bytes()),
            (move.target.provider.value, blueprint_json(after), json.dumps(dict(placement), indent=2).encode()),
        ):
            write_private(layout.moves / f"blueprint.{provider}.json", blueprint)
            write_private(layout.moves / f"placement.{provider}.json", document)
        journal = Journal.begin(log, time.time, move, dict(before.places))
        return self._end(self._mover(journal).run())

    def resume(self) -> Report:
        """Go on with the move that was begun, in the direction that it had."""
        return self._end(self._mover(self._journal()).run())

    def abort(self) -> Report:
        """Go back."""
        return self._end(self._mover(self._journal()).abort())

    def _journal(self) -> Journal:
        found = under_way(self._layout)
        if found is None:
            raise UsageError("no move of this sandbox is under way")
        return found

    def _mover(self, journal: Journal) -> Mover:
        layout = self._layout

        def twin_time() -> float:
            return layout.config().clock.at(time.time())

        return Mover(
            self._driver,
            journal,
            layout.spec(),
            now=twin_time,
            pace=self._pace,
            patience_s=self._patience_s,
            progress=self._progress,
            took=self._took,
        )

    def _end(self, report: Report) -> Report:
        """Keep the journal of a move that is over under a name of its own."""
        move = report.move
        number = 1 + sum(1 for _ in self._layout.moves.glob("*-*.ndjson"))
        ends = f"{move.source.provider.value}-{move.target.provider.value}"
        name = f"{number:04}-{move.slot.value}-{ends}{'-aborted' if report.aborted else ''}.ndjson"
        _current(self._layout).rename(self._layout.moves / name)
        return report


def _current(layout: Layout) -> Path:
    return layout.moves / "current.ndjson"


def _check(before: Blueprint, after: Blueprint, move: Move) -> None:
    others = [
        slot.value for slot, place in after.places.items() if slot is not move.slot and place != before.places[slot]
    ]
    if others:
        raise UsageError(f"only {move.slot.value} is moved, but {', '.join(others)} would be elsewhere, too")
    if move.source.provider is move.target.provider:
        raise UsageError(
            f"{move.slot.value} is in {move.source.provider.value} already; the sandbox simulates each cloud as one "
            "place, so it moves slots between clouds only"
        )
