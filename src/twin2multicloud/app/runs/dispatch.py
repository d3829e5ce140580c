"""From what the database says is to be done to processes that do it, and back.

Every server has a dispatcher. It looks at stages every quarter of a second, and at once when this process has
committed events: it starts those that are queued, calls off those whose run is being cancelled, and notes those whose
process ended without a word. All of it may be done twice by several servers without harm.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Sequence, Set
from types import TracebackType
from typing import Final, Self

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.runs import Run, Stage
from twin2multicloud.app.runs.engine import StageEngine, StageStatus
from twin2multicloud.app.runs.exits import StageExit
from twin2multicloud.app.runs.stage import crashed
from twin2multicloud.app.runs.transitions import StageKey, end_stage, enqueue, held_rows, tell

_EVERY_S: Final = 0.25
_KILLED: Final = 128 + signal.SIGKILL
_MOST_ATTEMPTS: Final = 5
"""A stage whose process was killed is begun again, but not for ever: it may be what the machine has no memory for."""
_LOG: Final = logging.getLogger(__name__)


def stage_id(run_id: str, name: str, attempt: int) -> str:
    """What the engine knows a stage by."""
    return f"{run_id}:{name}:{attempt}"


class Dispatcher:
    """See above. A context: within it stages are carried out."""

    def __init__(self, backend: Backend, engine: StageEngine) -> None:
        self._backend = backend
        self._engine = engine
        self._nudged = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="dispatcher", daemon=True)
        self._called_off: set[str] = set()
        self._unbegun: dict[str, StageKey] = {}

    def __enter__(self) -> Self:
        self._engine.launch()
        self._backend.events.listen(self._nudged.set)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._nudged.set()
        self._thread.join()
        self._engine.close()

    def look(self) -> None:
        """Do what is to be done now."""
        with self._backend.database.read() as session:
            rows: Sequence[tuple[Stage, Run]] = [
                (stage, run)
                for stage, run in session.execute(
                    select(Stage, Run)
                    .join(Run, Run.id == Stage.run_id)
                    .where(Stage.status.in_(("queued", "running")), Run.ended_at.is_(None))
                    .order_by(Run.created_at)
                )
            ]
        self._call_off_unbegun({(run.id, stage.name, stage.attempt) for stage, run in rows})
        for stage, run in rows:
            self._see_to(stage, run)

    def _call_off_unbegun(self, wanted: Set[StageKey]) -> None:
        """A stage may be withdrawn while its process is still loading, and has not been able to say that it began:
        that process is not to go on loading for nothing.
        """
        withdrawn = [key for key, stage in self._unbegun.items() if stage not in wanted]
        for key in withdrawn:
            with self._backend.database.read() as session:
                there = session.get(Stage, self._unbegun.pop(key))
                begun = there is not None and there.begun_at is not None
            if not begun:
                self._engine.cancel(key)

    def _see_to(self, stage: Stage, run: Run) -> None:
        key = stage_id(run.id, stage.name, stage.attempt)
        if stage.status == "queued":
            self._engine.start(key, {"run": run.id, "stage": stage.name, "attempt": stage.attempt})
            self._unbegun[key] = (run.id, stage.name, stage.attempt)
        else:
            self._unbegun.pop(key, None)
        if run.cancel_requested and key not in self._called_off:
            self._called_off.add(key)
            self._engine.cancel(key)
        found = self._engine.status(key)
        if found is not None and found.state.ended:
            self._called_off.discard(key)
            self._ended_by_itself(stage, run, found)

    def _ended_by_itself(self, stage: Stage, run: Run, found: StageStatus) -> None:
        """A process that has ended while its stage was not: it could not say what became of it, or was interrupted."""
        killed = found.exit_code == _KILLED and stage.attempt < _MOST_ATTEMPTS
        if (killed or found.exit_code == StageExit.INTERRUPTED) and not run.cancel_requested:
            with self._backend.database.write() as session:
                rows = held_rows(session, (run.id, stage.name, stage.attempt))
                if rows is None or rows[1].status not in ("queued", "running"):
                    return
                now, there = rows
                how = "killed" if killed else "interrupted"
                end_stage(self._backend, there, "cancelled", f"{how} from outside")
                enqueue(session, now, stage.name)
                tell(self._backend, session, now, f"stage.{how}", f"run {run.number} was {how} and goes on")
            return
        problem = found.problem or f"the process of stage {stage.name} ended with code {found.exit_code}"
        crashed(self._backend, run.id, stage.name, stage.attempt, problem, found.tail)

    def _look_on(self) -> None:
        while not self._ended.is_set():
            self._nudged.wait(_EVERY_S)
            self._nudged.clear()
            try:
                self.look()
            except SQLAlchemyError as error:
                # The database is away: nothing can be begun or noted now, and all is there to be seen later.
                _LOG.warning("stages cannot be looked at now: %s", type(error).__name__)
