"""A deployment's home: in a directory as it always was, and wherever else its documents are."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec
import pytest

from tests.deployer.elsewhere import MemoryDocuments, in_memory
from tests.deployer.placements import AWS
from tests.deployer.rehearsal import Rehearsal
from tests.finishing.rig import deployment
from tests.sandbox.twins import placement_of
from twin2multicloud.deployer.home import Applied, BusyError, Home
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot
from twin2multicloud.model.spec import read_spec, spec_json


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path / "deployment")


def write(home: Home, processors: dict[str, str]) -> None:
    deployed = deployment("aws")
    home.write_settings(deployed.settings)
    placement = placement_of("aws").model_dump(mode="json")
    home.write_twin(deployed.spec, deployed.blueprint, placement, processors)


def test_what_was_deployed_is_read_back(home: Home) -> None:
    write(home, {"climate": "def process(): ...\r\n", "gone": "x"})
    write(home, {"climate": "def process(): ...\r\n", "meter": "größer"})
    found, expected = home.deployment(), deployment("aws")
    assert (found.settings, found.blueprint) == (expected.settings, expected.blueprint)
    assert spec_json(found.spec) == spec_json(read_spec(spec_json(expected.spec)))
    assert home.placement() == placement_of("aws").model_dump(mode="json")
    assert home.processors() == {"climate": "def process(): ...\r\n", "meter": "größer"}
    home.note_applied(Applied("L2", "L2", "aws/eu-central-1", "f", home.now()))
    assert set(Home.at(Path(home.where)).applied()) == {"L2"}
    home.forget_applied("L2")
    assert home.applied() == {}
    home.forget_twin("other")
    assert home.exists
    assert not home.deployed
    assert home.settings().uid == "other"


def test_a_directory_of_an_earlier_version_opens(tmp_path: Path) -> None:
    deployed = deployment("aws")
    directory = tmp_path / "deployment"
    files = {
        "deployment.json": msgspec.json.encode(deployed.settings),
        "applied.json": b'[{"stack":"L2","slot":"L2","site":"s","fingerprint":"f","at":"2026-01-01T00:00:00Z"}]',
        "processors/climate.py": b"def process(): ...",
        "devices/authority.key": b"key",
        "moves/before.json": b"{}",
        "moves/0001-L3.hot-aborted.ndjson": b'{"what":"abort","at":1}\n',
    }
    beside = ["state.db", "state.db-wal", "deployment.lock", "runs/1-plan/events.jsonl", "work/L2/held", "world/a.json"]
    for name, content in {**files, **dict.fromkeys([*beside, "offline/deployment.json"], b"")}.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(content)
    (directory / "devices/authority.key").chmod(0o600)
    home = Home.at(directory)
    assert home.settings() == deployed.settings
    assert home.applied()["L2"].fingerprint == "f"
    assert home.processors() == {"climate": "def process(): ..."}
    assert home.kept.read("authority.key") == b"key"
    assert len(home.log("moves/0001-L3.hot-aborted.ndjson").lines()) == 1
    assert home.documents.names() == sorted(files)


def test_a_secret_is_its_owners_alone(home: Home) -> None:
    home.kept.write("authority.key", b"one")
    directory = Path(home.where)
    folders = {path.name: path.stat().st_mode & 0o777 for path in (directory, directory / "devices")}
    assert folders == {"deployment": 0o700, "devices": 0o700}
    (directory / "devices/authority.key").chmod(0o640)
    with pytest.raises(UsageError, match=r"authority.key can be read by others \(mode 640\)"):
        home.kept.read("authority.key")


def test_what_is_not_there_is_said_with_a_remedy(home: Home) -> None:
    with pytest.raises(UsageError, match=r"there is no deployment in .*; `twin2multicloud deploy TWIN` makes one"):
        home.deployment()
    home.write_settings(deployment("aws").settings)
    for read in (home.deployment, home.blueprint, home.placement, home.spec):
        with pytest.raises(UsageError, match=r"nothing is deployed from .*; `twin2multicloud deploy TWIN` does"):
            read()
    assert (home.exists, home.deployed, home.processors()) == (True, False, {})


def test_the_last_twenty_runs_are_kept(home: Home) -> None:
    made = [home.new_run("plan") for _ in range(23)]
    assert sorted(home.runs.iterdir()) == made[-20:]


def test_one_process_changes_a_directory_at_a_time(home: Home) -> None:
    with home.changing(), pytest.raises(BusyError, match=f"process {os.getpid()} is changing the deployment in"):
        Home.at(Path(home.where)).changing().__enter__()
    with home.changing():
        pass


@pytest.mark.slow
def test_a_twin_is_deployed_from_a_home_that_is_no_directory(tmp_path: Path) -> None:
    documents = MemoryDocuments()
    twin = Rehearsal(tmp_path, AWS)
    twin.home = in_memory(tmp_path / "elsewhere", documents)
    assert all(outcome.ok for outcome in twin.deploy([Slot.HOT]).values())
    assert documents.names("devices/") == ["devices/authority.key", "devices/authority.pem"]
    assert {"applied.json", "blueprint.json", "deployment.json", "placement.json", "twin.json"} < set(documents.names())
    assert {path.name for path in tmp_path.iterdir()} == {"elsewhere"}
    assert {path.name for path in (tmp_path / "elsewhere").iterdir()} == {"scratch", "states"}
    assert {path.name for path in (tmp_path / "elsewhere/scratch").iterdir()} == {"runs", "work", "world"}

    # Another worker has another scratch; of it only the pretended clouds are to be the same.
    twin.home = in_memory(tmp_path / "other", documents)
    shutil.move(tmp_path / "elsewhere/states", tmp_path / "other/states")
    shutil.move(tmp_path / "elsewhere/scratch/world", tmp_path / "other/scratch/world")
    shutil.rmtree(tmp_path / "elsewhere")
    looked = twin.plan([Slot.HOT], refresh=True)
    assert all(plan.nothing and not plan.untouched for plan in looked.values())
    with twin.home.changing(), pytest.raises(BusyError, match="somebody else"):
        twin.deploy([Slot.HOT])
    assert all(outcome.ok for outcome in twin.destroy().values())
    assert twin.existing == 0
    assert not twin.home.deployed
