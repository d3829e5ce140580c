"""A backend whose servers are processes that are killed, while runs are asked for from here on the same database."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from select import select as readable
from typing import Any

from sqlalchemy import select
from starlette.testclient import TestClient

from tests.app.backends import Person, Site
from tests.kill.processes import Kin, Process, kill
from tests.kill.server import Nursery
from tests.kill.watching import Watcher
from tests.patience import PATIENCE_S
from tests.sandbox.twins import placement_of
from twin2multicloud.app.api.app import create_app
from twin2multicloud.app.backend import open_backend
from twin2multicloud.app.db.tables import Claim, Event, Run, Stack, TwinVersion
from twin2multicloud.app.schemas.runs import ENDED
from twin2multicloud.app.services.places import sandbox_layout
from twin2multicloud.app.settings import read_settings
from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.system_clock import SystemClock
from twin2multicloud.sandbox.layout import Layout

TWO_CLOUDS = dict.fromkeys(Slot, "aws") | {Slot.PROCESSING: "azure", Slot.COOL: "azure"}
TWIN = """\
name: {name}
workload: {{message_interval_s: 10, message_size_bytes: 150}}
assumptions: {{batch_window_s: 0.1}}
device_types:
  sensor:
    fields:
      temperature: {{type: double, unit: "°C", min: -20, max: 60, simulate: {{base: 21}}}}
devices:
  - {{type: sensor, count: 3, name: "sensor-{{n}}", within: house}}
graph:
  models: {{House: {{}}}}
  entities: [{{id: house, model: House}}]
"""


class Server:
    """A server in a process of its own."""

    def __init__(self, nursery: Nursery, told: Mapping[str, Any]) -> None:
        theirs, ours = os.pipe()
        self._input = ours
        output, told_by = os.pipe()
        self.pid = nursery.fork(told, theirs, told_by)
        self._handle = os.pidfd_open(self.pid)
        self._output = os.fdopen(output)
        os.close(theirs)
        os.close(told_by)
        self.port = 0

    def ready(self) -> Server:
        """Wait until it carries out runs."""
        word, _, port = self._output.readline().strip().partition(" ")
        assert word == "ready", "the server did not start"
        self.port = int(port)
        return self

    def kill(self) -> None:
        """SIGKILL."""
        if self._input >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
            self._gone()

    def end(self) -> None:
        """In order."""
        os.close(self._input)
        self._input = -1
        assert self._output.read().endswith("ended in order\n")
        self._gone()

    def _gone(self) -> None:
        assert readable([self._handle], [], [], PATIENCE_S)[0], "the server does not end"
        os.close(self._handle)
        self._output.close()
        if self._input >= 0:
            os.close(self._input)
        self._input = -1


class Bench:
    """See above. `data` is what all its servers share."""

    def __init__(self, site: Site, nursery: Nursery, data: Path, database_url: str) -> None:
        self.site = site
        self._nursery = nursery
        self.data = data
        self._kin = Kin(nursery.pid)
        self.owner: Person = site.person("olga")
        self.watcher = Watcher(site.backend)
        self._url = database_url
        self._servers: list[Server] = []

    # ── Servers ─────────────────────────────────────────────────────────────────────────────────────────────
    def serve(self, worker: str = "one", *, parallel: int = 5, http: bool = False, grace_s: float = 60.0) -> Server:
        """One more server."""
        told = {
            "data": str(self.data),
            "database_url": self._url,
            "parallel_runs": parallel,
            "worker": worker,
            "http": http,
            "grace_s": grace_s,
        }
        server = Server(self._nursery, told)
        self._servers.append(server)
        return server

    def processes(self, *what: str) -> list[Process]:
        """Those that live, of these kinds if any are named."""
        return [each for each in self._kin.living() if not what or each.what in what]

    def close(self) -> None:
        """Nothing goes on any more, whatever went wrong."""
        for server in self._servers:
            server.kill()
        while left := self.processes():
            kill(left)
            time.sleep(0.05)
        self._kin.close()
        self.watcher.close()

    # ── Twins and runs ──────────────────────────────────────────────────────────────────────────────────────
    def twin(self, name: str, clouds: Mapping[Slot, str] | str = TWO_CLOUDS, source: str = TWIN) -> str:
        """A twin that is placed; its id."""
        found: str = self.owner.post("twins", {"source": source.format(name=name)}, 201)["id"]
        self.place(found, placement_of(clouds).model_dump(mode="json"))
        return found

    def place(self, twin: str, placement: Mapping[str, Any]) -> None:
        """Give a twin's first version a placement."""
        with self.site.backend.database.write() as session:
            session.get_one(TwinVersion, (twin, 1)).placement = dict(placement)

    def layout(self, twin: str) -> Layout:
        """Its sandbox's directory."""
        return sandbox_layout(self.site.backend, twin)

    def ask(self, twin: str, kind: str, **more: Any) -> str:
        """A run that was agreed to beforehand; its id."""
        found: str = self.owner.post(f"twins/{twin}/runs", {"kind": kind, "approve": True, **more}, 201)["id"]
        return found

    def run(self, run: str) -> dict[str, Any]:
        """What the API tells of it."""
        found: dict[str, Any] = self.owner.get(f"runs/{run}")
        return found

    def unfinished(self, runs: Sequence[str]) -> int:
        """How many of them have not ended."""
        with self.site.backend.database.read() as session:
            return len(session.scalars(select(Run.id).where(Run.id.in_(runs), Run.ended_at.is_(None))).all())

    def ended(self, run: str, *status: str) -> dict[str, Any]:
        """Wait until it has ended, as it should."""
        until(lambda: not self.unfinished([run]), lambda: f"it has not ended: {self.told(run)}", PATIENCE_S)
        found = self.run(run)
        assert found["status"] in (status or ("succeeded",)), self.told(run)
        return found

    def seconds(self, run: str) -> float:
        """How long a run takes that nobody disturbs."""
        began = time.monotonic()
        self.ended(run)
        return time.monotonic() - began

    def until_told(self, run: str, kind: str) -> None:
        """Wait until a run has had an event of a kind."""

        def found() -> bool:
            with self.site.backend.database.read() as session:
                return session.scalar(select(Event.id).where(Event.run_id == run, Event.kind == kind)) is not None

        until(found, lambda: f"no {kind}: {self.told(run)}", PATIENCE_S)

    def stacks(self, twin: str) -> list[str]:
        """The names of a twin's stacks that exist."""
        with self.site.backend.database.read() as session:
            return list(session.scalars(select(Stack.name).where(Stack.twin_id == twin)))

    def told(self, run: str) -> str:
        """All about a run, for whoever reads why a test failed."""
        with self.site.backend.database.read() as session:
            events = session.scalars(select(Event).where(Event.run_id == run).order_by(Event.id)).all()
        lines = [f"{event.id} {event.at:%H:%M:%S.%f} {event.kind}: {event.message}" for event in events]
        return "\n".join([json.dumps({**self.run(run), "plan": None}, indent=1), *lines])

    # ── What must hold ──────────────────────────────────────────────────────────────────────────────────────
    def check_events(self, run: str) -> None:
        """A run's events tell of one life, from its beginning to its one end."""
        with self.site.backend.database.read() as session:
            kinds = list(session.scalars(select(Event.kind).where(Event.run_id == run).order_by(Event.id)))
        ends = [f"run.{status}" for status in ENDED]
        counts = Counter(kind for kind in kinds if kind.startswith("run."))
        assert kinds[0] == "run.queued", kinds
        assert kinds[-1] in ends, kinds
        assert sum(counts[kind] for kind in ends) == 1, kinds
        assert set(counts.values()) == {1}, kinds

    def check_nothing_claimed(self) -> None:
        """No run has anything to itself."""
        with self.site.backend.database.read() as session:
            assert session.scalars(select(Claim)).all() == []

    def check_deployed(self, twin: str) -> None:
        """A twin is up in its sandbox: once, and whole; and that is what is noted."""
        layout = self.layout(twin)
        clouds = sorted(layout.config().clouds)
        assert clouds == sorted({place.provider.value for place in layout.blueprint().places.values()})

        def found() -> list[str]:
            mine = [each for each in self.processes() if each.of(layout.directory)]
            return sorted(
                each.what if each.what == "sandbox.supervisor" else f"{each.what} {each.command[-1]}" for each in mine
            )

        wanted = [*(f"sandbox.cloud {cloud}" for cloud in clouds), "sandbox.supervisor"]
        until(lambda: found() == wanted, lambda: f"{found()} instead of {wanted}", 5.0)
        with self.site.backend.database.read() as session:
            stacks = session.scalars(select(Stack).where(Stack.twin_id == twin)).all()
        places = layout.blueprint().places
        assert {stack.slot: stack.site for stack in stacks} == {
            slot.value: f"{place.provider.value}/{place.region}" for slot, place in places.items()
        }
        assert all(stack.whole for stack in stacks)
        assert self.owner.get(f"twins/{twin}")["life"] == {"sandbox": "deployed"}

    def check_gone(self, twin: str) -> None:
        """Nothing is left of a twin in its sandbox, and nothing is noted."""
        directory = self.layout(twin).directory
        assert not directory.exists()

        def left() -> list[Process]:
            return [each for each in self.processes() if each.of(directory)]

        until(lambda: not left(), lambda: f"{left()} are left", 5.0)  # one that has closed all may be about to end
        assert self.owner.get(f"twins/{twin}")["life"] == {}

    def check_calm(self) -> None:
        """No process works on a stage any more."""
        busy = ("runs.child", "leash.py", "supervise.py", "terraform", "python")
        until(lambda: not self.processes(*busy), lambda: f"{self.processes(*busy)} are left", 30.0)


@contextmanager
def bench(directory: Path, nursery: Nursery, database_url: str) -> Iterator[Bench]:
    """A bench over a migrated database."""
    data = directory / "data"
    settings = read_settings(data=data, database_url=database_url)
    with (
        open_backend(settings) as backend,
        TestClient(create_app(backend), base_url="http://127.0.0.1:8080") as http,
    ):
        site = Site(backend, SystemClock(), http)  # type: ignore[arg-type]
        site.workspace_id = site.workspace("berlin")
        made = Bench(site, nursery, data, database_url)
        try:
            yield made
        finally:
            made.close()


def until(condition: Callable[[], object], problem: Callable[[], str], patience_s: float) -> None:
    """Wait for something."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, problem()
        time.sleep(0.05)
