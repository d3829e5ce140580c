"""A slot of a deployed twin moves: stacks by Terraform over stand-ins, records from store to store."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from tests.deployer.elsewhere import MemoryDocuments, in_memory
from tests.deployer.placements import AWS
from tests.deployer.rehearsal import Rehearsal, copied
from twin2multicloud.app.deploying.moves import CloudsMove, target_placement
from twin2multicloud.app.deploying.session import Session, session
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.moving.driver import STATE, Stores
from twin2multicloud.deployer.moving.phases import MoveState, Phases
from twin2multicloud.deployer.stacks import stacks_of
from twin2multicloud.deployer.state.store import StateStore
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import Slot
from twin2multicloud.moving.move import Store
from twin2multicloud.moving.steps import Report
from twin2multicloud.optimizer.pricing.book import load_book
from twin2multicloud.runtime.adapters.local.hot import LocalHotStore
from twin2multicloud.runtime.envelope import Event
from twin2multicloud.runtime.times import to_time

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("moves of one deployed twin")]


class LocalStores:
    """Both ends' hot stores as files here: the clouds' data planes have no stand-in in Terraform's world."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def hot(self, store: Store) -> LocalHotStore:
        return LocalHotStore(self._directory / f"{store.place.provider.value}-{store.place.region}.db")

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"a move of L3.hot asks for no {name}")


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours runs after it."""


class Moving:
    """A deployed twin with records, and moves of it."""

    def __init__(self, twin: Rehearsal) -> None:
        self.twin = twin
        self.stores = LocalStores(twin.directory)
        self.finished: list[Deployment] = []
        self.emptied: list[tuple[str, Slot]] = []

    def to(self, where: str, took: Callable[[str], None] = lambda _: None) -> Report:
        before = Placement.model_validate(self.twin.home.placement())
        target = target_placement(self.twin.home.blueprint(), before, Slot.HOT, where, load_book(None))
        self._clouds().prepare(Slot.HOT, target, {})
        return self.resume(took)

    def resume(self, took: Callable[[str], None] = lambda _: None) -> Report:
        return self._turn(lambda clouds, at: clouds.resume(at), took)

    def abort(self) -> Report:
        return self._turn(lambda clouds, at: clouds.abort(at))

    def _turn(
        self, act: Callable[[CloudsMove, Session], Report], took: Callable[[str], None] = lambda _: None
    ) -> Report:
        clouds = self._clouds(took)
        with session(
            self.twin.home,
            clouds.packages(),
            "move",
            self.twin.told.event,
            offline=True,
            credentials=lambda _provider: {},
            environ=self.twin.environ(),
        ) as at:
            return act(clouds, at)

    def _clouds(self, took: Callable[[str], None] = lambda _: None) -> CloudsMove:
        def stores(_phases: Phases, _at: Session) -> Stores:
            return self.stores  # type: ignore[return-value]

        home, told = self.twin.home, self.twin.told
        return CloudsMove(home, told, stores, self, took=took, sleep=lambda _s: None, settled_s=0.0)

    def finish(self, deployment: Deployment, _store: StateStore) -> None:
        self.finished.append(deployment)

    def empty(self, deployment: Deployment, _store: StateStore, slots: Sequence[Slot]) -> None:
        self.emptied += [(deployment.blueprint.places[slot].region, slot) for slot in slots]


def killed_at(step: str) -> Callable[[str], None]:
    """Ends the one who moves when this is on record."""

    def took(what: str) -> None:
        if what == step:
            raise Killed

    return took


def _events(count: int) -> list[Event]:
    return [
        Event(
            id=f"{number:032x}",
            source="/twins/smart-home/devices/x",
            type="twin2multicloud.telemetry",
            subject="climate-1",
            time=to_time(1_790_000_000.0 + number),
            data={"temperature": number},
        )
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    made = Rehearsal(tmp_path_factory.mktemp("ready"), AWS)
    made.deploy([Slot.COOL, Slot.HOT, Slot.PROCESSING])
    return made


@pytest.fixture
def moving(ready: Rehearsal, tmp_path: Path) -> Moving:
    twin = copied(ready, tmp_path)
    found = Moving(twin)
    place = twin.home.blueprint().places[Slot.HOT]
    devices = twin.home.spec().device_names
    events = [
        Event(e.id, e.source, e.type, devices[i % len(devices)], e.time, e.data) for i, e in enumerate(_events(50))
    ]
    found.stores.hot(Store("hot", Slot.HOT, place)).put(events)  # type: ignore[arg-type]
    return found


def _count(moving: Moving, region: str) -> int:
    return LocalHotStore(moving.twin.directory / f"aws-{region}.db").count()


def _kinds(moving: Moving) -> set[str]:
    return {path.parent.name for path in moving.twin.world.root.rglob("*hot*.json")}


def test_a_slot_moves_with_all_it_holds_and_its_neighbours_are_rebuilt(moving: Moving) -> None:
    """What an ended move left does not mislead it: a process may be killed right after it has put a journal away."""
    documents = moving.twin.home.documents
    documents.write(STATE, msgspec.json.encode(MoveState(cut=True)))
    held: list[MoveState] = []

    def see(what: str) -> None:
        if what == "hold done":
            held.append(msgspec.json.decode(documents.read(STATE) or b"", type=MoveState))

    report = moving.to("aws/us-east-1", see)
    assert not report.aborted
    assert [(state.writers, state.cut) for state in held] == [(True, False)], "it has not cut over yet"
    assert documents.names("moves/") == ["moves/0001-L3.hot.ndjson"]
    assert [(each.items, each.late) for each in report.verified] == [(50, 0)]
    assert _count(moving, "us-east-1") == 50
    home = moving.twin.home
    assert home.blueprint().places[Slot.HOT].region == "us-east-1"
    assert home.settings().generations == {"L3.hot": 2}
    assert set(home.applied()) == {
        "foundation-aws-eu-central-1",
        "foundation-aws-us-east-1",
        "L3-cool",
        "L2",
        "L3-hot-2",
    }
    functions = {path.stem.rsplit(".", 1)[0] for path in (moving.twin.world.root / "aws_lambda_function").glob("*")}
    assert any("persist-sender" in name for name in functions), "what was handed over next door crosses regions now"
    assert any("persist-receiver" in name for name in functions)
    assert moving.emptied == [("eu-central-1", Slot.HOT)]
    assert [d.blueprint.places[Slot.HOT].region for d in moving.finished] == ["us-east-1", "us-east-1"]
    # What is there is what a deployment of the twin as it is now would make.
    deployment = home.deployment()
    assert {stack.name for stack in stacks_of(deployment)} >= set(home.applied())


@pytest.mark.parametrize("step", ["copy done", "cut-over done"])
def test_a_move_can_be_aborted_until_the_source_goes(moving: Moving, step: str) -> None:
    """Until then no other one begins."""
    with pytest.raises(Killed):
        moving.to("aws/us-east-1", killed_at(step))
    with pytest.raises(UsageError, match="--resume"):
        moving.to("gcp/europe-west1")
    report = moving.abort()
    assert report.aborted
    assert _count(moving, "eu-central-1") == 50
    assert moving.twin.home.blueprint().places[Slot.HOT].region == "eu-central-1"
    assert set(moving.twin.home.applied()) == {"foundation-aws-eu-central-1", "L3-cool", "L3-hot", "L2"}


def test_a_slot_is_not_moved_to_where_it_is(moving: Moving) -> None:
    with pytest.raises(UsageError, match="is there already"):
        moving.to("aws/eu-central-1")


def test_a_move_that_was_killed_is_resumed_where_no_file_tells_of_it(moving: Moving, tmp_path: Path) -> None:
    """Killed twice: while writers wait, and when the cut-over had begun."""
    twin, documents = moving.twin, MemoryDocuments()
    for name in twin.home.documents.names():
        documents.contents[name] = twin.home.documents.read(name) or b""
    before, twin.home = twin.home, in_memory(tmp_path / "elsewhere", documents)
    (tmp_path / "elsewhere/states").mkdir()
    (tmp_path / "deployment/state.db").rename(tmp_path / "elsewhere/states/all.db")
    twin.home.world.parent.mkdir()
    before.world.rename(twin.home.world)
    shutil.rmtree(tmp_path / "deployment")

    with pytest.raises(Killed):
        moving.to("aws/us-east-1", killed_at("hold done"))
    kept = ["moves/after.json", "moves/before.json", "moves/current.ndjson"]
    assert set(documents.names("moves/")) >= set(kept)
    with pytest.raises(Killed):
        moving.resume(killed_at("cut-over begun"))
    assert [each.items for each in moving.resume().verified] == [50]
    assert _count(moving, "us-east-1") == 50
    assert "L3-hot-2" in moving.twin.home.applied()
    assert "L3-hot" not in moving.twin.home.applied()
    assert documents.names("moves/") == ["moves/0001-L3.hot.ndjson"]
    assert {path.name for path in (tmp_path / "elsewhere/scratch").iterdir()} == {"runs", "work", "world"}
