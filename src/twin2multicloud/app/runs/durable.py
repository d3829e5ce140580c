"""`StageEngine` on DBOS: a stage is a workflow with one step, which is a child process.

DBOS is one per process: one `DurableStages` of a process can be launched at a time. Importing this does nothing.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, WorkflowStatus
from dbos import WorkflowStatusString as Dbos
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from twin2multicloud.app.runs.children import Children, Command, Ended, Manners
from twin2multicloud.app.runs.dbos_log import quietened
from twin2multicloud.app.runs.engine import EngineError, Json, StageStatus, State, checked_id
from twin2multicloud.app.runs.engine_store import SCHEMA, store_engine
from twin2multicloud.app.runs.executors import OnFile, OnPostgres, Presence

VERSION: Final = "stages-1"
"""DBOS goes on only with workflows of its own version, by default a digest of the source: after an update nothing would
be resumed. Ours changes only when stages that are under way could not be gone on with."""
_APPLICATION: Final = "twin2multicloud"
_QUEUE: Final = "stages"
_WORKFLOW: Final = "stage"
_STEP: Final = "child"
_UNFINISHED: Final = (Dbos.ENQUEUED.value, Dbos.DELAYED.value, Dbos.PENDING.value)
_ENDED: Final = (Dbos.SUCCESS.value, Dbos.ERROR.value, Dbos.CANCELLED.value, Dbos.MAX_RECOVERY_ATTEMPTS_EXCEEDED.value)
_FORGOTTEN_AT_A_TIME: Final = 500
_HOUR_S: Final = 3600.0
_LOG: Final = logging.getLogger(__name__)
_LAUNCHED: Final = threading.Lock()


@dataclass(frozen=True)
class Pace:
    """How often the engine looks, and how patient it is; in seconds.

    `poll_s` is how long a stage waits at most for a free place to be noticed; `watch_s` how often the other servers
    are looked at, `patience_s` how long one must have been seen dead, so that a database that restarts, and with it
    everybody's sign of life, moves nothing. `claim_s` is how long a predecessor may take to be gone. A stage whose
    server died `most_beginnings` times is given up: it may be what kills it. `kept` is how long ended stages are known.
    """

    poll_s: float = 0.25
    watch_s: float = 1.0
    patience_s: float = 3.0
    claim_s: float = 10.0
    most_beginnings: int = 20
    kept: timedelta = timedelta(days=30)


class DurableStages:
    """Stages as DBOS workflows in our database.

    `url` is our database's; `executor_id` this server's, different from every other living one's on it, better always
    the same. `home` is a directory that all servers of the machine share. `command` says how a stage's program is
    started, from its id and payload; what it raises is the stage's failure. `parallel` is how many children this
    server has at most; servers on one PostgreSQL share the number that was set last.

    Servers of one PostgreSQL on several machines take over from each other, too. But a child whose server died is seen
    on its own machine only: while it ends, the next may have begun elsewhere, and the state's lock keeps them apart.
    """

    def __init__(
        self,
        url: str,
        executor_id: str,
        home: Path,
        command: Callable[[str, Json], Command],
        *,
        parallel: int = 4,
        manners: Manners | None = None,
        pace: Pace | None = None,
        sqlite_module: ModuleType | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._url = url
        self._executor_id = executor_id
        self._command = command
        self._parallel = parallel
        self._manners = manners or Manners()
        self._pace = pace or Pace()
        self._sqlite_module = sqlite_module
        self._now = now
        self._children = Children(home, self._manners)
        self._running: set[threading.Event] = set()
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._launch: _Launch | None = None

    def launch(self) -> None:
        """As in `StageEngine`."""
        if not _LAUNCHED.acquire(blocking=False):
            raise EngineError("this process carries out stages already: close that engine first")
        try:
            self._closing.clear()
            # DBOS would carry out its coroutines on a loop that runs in the thread that launches it.
            with ThreadPoolExecutor(1) as elsewhere:
                elsewhere.submit(self._begin).result()
        except BaseException:
            self._launch = None
            _LAUNCHED.release()
            raise

    def close(self) -> None:
        """As in `StageEngine`."""
        if self._launch is None:
            return
        self._interrupt()
        self._launch.close()
        self._launch = None
        _LAUNCHED.release()

    def start(self, stage_id: str, payload: Json) -> None:
        """As in `StageEngine`."""
        self._client.enqueue(
            {
                "workflow_name": _WORKFLOW,
                "queue_name": _QUEUE,
                "workflow_id": checked_id(stage_id),
                "app_version": VERSION,
            },
            payload,
        )

    def cancel(self, stage_id: str) -> None:
        """As in `StageEngine`."""
        self._client.cancel_workflow(stage_id)

    def status(self, stage_id: str) -> StageStatus | None:
        """As in `StageEngine`."""
        for found in self._client.list_workflows(workflow_ids=[stage_id], name=_WORKFLOW, load_input=False):
            return self._status(found)
        return None

    def unfinished(self) -> list[StageStatus]:
        """As in `StageEngine`."""
        going = self._client.list_workflows(
            status=list(_UNFINISHED), name=_WORKFLOW, load_input=False, load_output=False
        )
        since = self._now() - timedelta(seconds=self._manners.grace_s + _HOUR_S)
        cancelled = self._client.list_workflows(
            status=Dbos.CANCELLED.value, name=_WORKFLOW, completed_after=since.isoformat(), load_input=False
        )
        found = [self._status(workflow) for workflow in (*going, *cancelled)]
        return [status for status in found if not status.state.ended]

    def forget_ended(self) -> int:
        """Forget stages that ended longer ago than is kept; how many. Happens hourly by itself."""
        before = (self._now() - self._pace.kept).isoformat()
        forgotten = 0
        while old := self._client.list_workflows(
            status=list(_ENDED),
            name=_WORKFLOW,
            completed_before=before,
            limit=_FORGOTTEN_AT_A_TIME,
            load_input=False,
            load_output=False,
        ):
            ids = [workflow.workflow_id for workflow in old]
            self._client.delete_workflows(ids)
            for stage_id in ids:
                self._children.forget(stage_id)
            forgotten += len(ids)
        return forgotten

    @property
    def _client(self) -> DBOSClient:
        if self._launch is None:
            raise EngineError("stages are not carried out yet: launch the engine first")
        return self._launch.client

    def _begin(self) -> None:
        engine = store_engine(self._url, self._sqlite_module)
        presence: Presence
        if engine.dialect.name == "sqlite":
            file = Path(engine.url.database or "")
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            presence = OnFile(file.with_name(f"{file.name}.server"), self._pace.claim_s)
        else:
            presence = OnPostgres(engine.url, self._executor_id, self._pace.claim_s)
        launch = _Launch(engine, presence)
        try:
            presence.claim()
            quietened()
            config: DBOSConfig = {
                "name": _APPLICATION,
                "system_database_engine": engine,
                "dbos_system_schema": SCHEMA,
                "executor_id": self._executor_id,
                "application_version": VERSION,
                # What is in the database is data: with DBOS's own serializer it would be pickles.
                "serializer": DBOSPortableJSONSerializer(),
                # We wait for no notifications; its listener is what an end would wait for.
                "use_listen_notify": False,
                "notification_listener_polling_interval_sec": 0.1,
                "enable_otlp": False,
                "log_level": "WARNING",
            }
            DBOS(config=config)
            launch.begun = True

            @DBOS.step(name=_STEP, preemptible=True)
            async def child(stage_id: str, payload: Any) -> Any:
                return await self._step(stage_id, payload)

            @DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=self._pace.most_beginnings - 1)
            async def stage(payload: Any) -> Any:
                stage_id = DBOS.workflow_id
                assert stage_id is not None
                return await child(stage_id, payload)

            launch.client = DBOSClient(
                system_database_engine=engine,
                dbos_system_schema=SCHEMA,
                serializer=DBOSPortableJSONSerializer(),
                application_name=_APPLICATION,
                # A database that is away is told about, not waited for.
                retry_connection_errors=False,
            )
            # What DBOS resumes asks us before its launch returns.
            self._launch = launch
            # Its first look at the queue goes by what was set before; where no tables are yet, nothing was.
            with suppress(SQLAlchemyError):
                self._set_queue(launch.client)
            DBOS.launch()
            self._set_queue(launch.client)
            launch.watch(self._watch)
        except BaseException:
            self._interrupt()
            launch.close()
            raise

    def _interrupt(self) -> None:
        """Interrupt what runs here and wait for its end; nothing begins any more."""
        self._closing.set()
        with self._changed:
            for stop in self._running:
                stop.set()
            self._changed.wait_for(lambda: not self._running)

    def _set_queue(self, client: DBOSClient) -> None:
        client.register_queue(_QUEUE, worker_concurrency=self._parallel, polling_interval_sec=self._pace.poll_s)

    async def _step(self, stage_id: str, payload: Any) -> Any:
        """Run the stage's child. Cancelled, it returns only once the child has ended."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Ended | None] = loop.create_future()
        stop = threading.Event()

        def work() -> None:
            outcome: Ended | BaseException | None
            try:
                outcome = self._children.run(
                    stage_id, lambda: self._command(stage_id, payload), stop, lambda: self._wanted(stage_id, stop)
                )
            except BaseException as error:  # noqa: BLE001 - handed over to whoever waits
                outcome = error
            with self._changed:
                self._running.discard(stop)
                self._changed.notify_all()
            with suppress(RuntimeError):  # the loop is closed: the engine is, and nothing is to be noted
                loop.call_soon_threadsafe(_settle, done, outcome)

        with self._changed:
            self._running.add(stop)
            if self._closing.is_set():
                stop.set()
        threading.Thread(target=work, name=f"stage {stage_id}", daemon=True).start()
        try:
            ended = await asyncio.shield(done)
        except asyncio.CancelledError:
            stop.set()
            while not done.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([done])
            done.exception()  # it is of no interest any more
            raise
        if self._closing.is_set() and (ended is None or ended.code):
            # What it made of our interrupt is not its outcome. Nothing is noted, so it is begun again at a launch.
            await asyncio.Event().wait()
        return None if ended is None else asdict(ended)

    def _wanted(self, stage_id: str, stop: threading.Event) -> bool:
        # Asked while the stage's file is held: whoever cancels writes first and looks at the file then.
        while not stop.is_set():
            try:
                found = self._client.list_workflows(workflow_ids=[stage_id], load_input=False, load_output=False)
            except (OperationalError, InterfaceError, PoolTimeoutError) as error:
                # A database that is away for a moment is no failure of the stage.
                _LOG.warning("the database does not answer, trying again: %s", error)
                stop.wait(self._pace.watch_s)
            else:
                return any(workflow.status == Dbos.PENDING.value for workflow in found)
        return False

    def _status(self, found: WorkflowStatus) -> StageStatus:
        stage_id = found.workflow_id
        if found.status in (Dbos.ENQUEUED.value, Dbos.DELAYED.value):
            return StageStatus(stage_id, State.WAITING)
        if found.status == Dbos.PENDING.value:
            return StageStatus(stage_id, State.RUNNING)
        if found.status == Dbos.CANCELLED.value:
            alive = self._children.alive(stage_id)
            return StageStatus(stage_id, State.CANCELLING if alive else State.CANCELLED)
        if found.status == Dbos.SUCCESS.value and found.output is not None:
            ended = Ended(**found.output)
            state = State.FAILED if ended.code else State.SUCCEEDED
            return StageStatus(stage_id, state, ended.code, ended.tail)
        if found.status == Dbos.MAX_RECOVERY_ATTEMPTS_EXCEEDED.value:
            problem = f"the server ended {self._pace.most_beginnings} times while it was carried out"
            return StageStatus(stage_id, State.FAILED, problem=problem)
        return StageStatus(stage_id, State.FAILED, problem=str(found.error or "its process was not started"))

    def _watch(self, presence: Presence) -> None:
        """Look after the other servers' stages and after old ones, until we close."""
        seen_dead: dict[str, float] = {}
        cleared = time.monotonic() - _HOUR_S
        while not self._closing.wait(self._pace.watch_s):
            try:
                presence.renew()
                self._take_over(presence, seen_dead)
                if time.monotonic() - cleared >= _HOUR_S:
                    cleared = time.monotonic()
                    self.forget_ended()
            except (SQLAlchemyError, OSError) as error:
                _LOG.warning("the other servers' stages could not be looked after, trying again: %s", error)

    def _take_over(self, presence: Presence, seen_dead: dict[str, float]) -> None:
        going = self._client.list_workflows(
            status=Dbos.PENDING.value, name=_WORKFLOW, load_input=False, load_output=False
        )
        others = {workflow.executor_id for workflow in going if workflow.executor_id} - {self._executor_id}
        for executor_id in list(seen_dead.keys() - others):
            del seen_dead[executor_id]
        for executor_id in others:
            with presence.dead(executor_id) as dead:
                if not dead:
                    seen_dead.pop(executor_id, None)
                elif time.monotonic() - seen_dead.setdefault(executor_id, time.monotonic()) >= self._pace.patience_s:
                    _LOG.warning("server %s is dead; its stages are taken over", executor_id)
                    # Only rows that are still that server's are moved, so two who take over do not disturb each other.
                    DBOS._recover_pending_workflows([executor_id])


class _Launch:
    """What a launch has made, to be undone in the opposite order."""

    client: DBOSClient

    def __init__(self, engine: Any, presence: Presence) -> None:
        self._engine = engine
        self._presence = presence
        self._watching: threading.Thread | None = None
        self.begun = False

    def watch(self, work: Callable[[Presence], None]) -> None:
        self._watching = threading.Thread(target=work, args=(self._presence,), name="stages watch", daemon=True)
        self._watching.start()

    def close(self) -> None:
        if self._watching is not None:
            self._watching.join()
        if self.begun:
            DBOS.destroy(destroy_registry=True)
        self._engine.dispose()
        self._presence.release()


def _settle(done: asyncio.Future[Ended | None], outcome: Ended | BaseException | None) -> None:
    if isinstance(outcome, BaseException):
        done.set_exception(outcome)
    else:
        done.set_result(outcome)
