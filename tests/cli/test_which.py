"""Which twin a command means, and where."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import call
from tests.cli.serving import Place as Workplace
from twin2multicloud.app.cli.which import EmbeddedDatabase, Place, embedded_database, place_of, target_of, target_said
from twin2multicloud.app.schemas.twins import Life, Target
from twin2multicloud.app.settings import Settings
from twin2multicloud.model.errors import UsageError


@pytest.mark.parametrize(
    ("twin", "directory", "server", "place"),
    [
        (None, False, True, Place.DIRECTORY),
        ("greenhouse", True, True, Place.DIRECTORY),
        ("-", False, True, Place.DIRECTORY),
        ("twin.yaml", False, True, Place.DIRECTORY),
        ("./greenhouse", False, True, Place.DIRECTORY),
        ("there", False, True, Place.DIRECTORY),
        ("greenhouse", False, True, Place.BACKEND),
        ("greenhouse", False, False, Place.EITHER),
        ("smart-home", False, False, Place.EITHER),
    ],
)
def test_names_and_options_say_where(here: Path, twin: str | None, directory: bool, server: bool, place: Place) -> None:
    (here / "there").write_text("name: there\n")
    (here / "greenhouse").mkdir()
    assert place_of(twin, directory=directory, asked=False, server=lambda: server) is place


def test_a_server_that_is_asked_for_is_asked_for_nothing_else(here: Path) -> None:
    assert place_of("greenhouse", directory=False, asked=True, server=lambda: False) is Place.BACKEND
    (here / "there").write_text("name: there\n")
    for twin, directory, told in (
        ("greenhouse", True, "--dir: a backend keeps its twins itself"),
        (None, False, "which twin of the backend's"),
        ("twin.yaml", False, "twins create twin.yaml` keeps this one"),
        ("there", False, "twins create there` keeps this one"),
    ):
        with pytest.raises(UsageError, match=told):
            place_of(twin, directory=directory, asked=True, server=lambda: False)


def test_a_server_is_looked_up_only_where_it_matters() -> None:
    def unwanted() -> bool:
        raise AssertionError("profiles were read")

    assert place_of("twin.yaml", directory=False, asked=False, server=unwanted) is Place.DIRECTORY
    assert place_of("greenhouse", directory=False, asked=True, server=unwanted) is Place.BACKEND


@pytest.mark.parametrize(
    ("kind", "life", "target"),
    [
        ("deploy", {"sandbox": "deployed"}, "clouds"),
        ("plan", {}, "clouds"),
        ("destroy", {}, "clouds"),
        ("destroy", {"sandbox": "partial"}, "sandbox"),
        ("drift", {"clouds": "draft", "rehearsal": "deployed"}, "rehearsal"),
        ("move", {"clouds": "moving", "sandbox": "draft"}, "clouds"),
    ],
)
def test_a_twin_is_meant_where_it_is(kind: str, life: dict[Target, Life], target: Target) -> None:
    assert target_of(kind, "greenhouse", life, None) == target
    assert target_of(kind, "greenhouse", life, "rehearsal") == "rehearsal"


def test_a_twin_at_several_places_is_asked_for() -> None:
    told = "'greenhouse' is in its clouds and its sandbox; say which is meant: --target clouds, --target sandbox"
    with pytest.raises(UsageError, match=told):
        target_of("destroy", "greenhouse", {"sandbox": "deployed", "clouds": "partial"}, None)
    assert target_said(None, offline=False) is None
    assert target_said("clouds", offline=True) == "rehearsal"
    with pytest.raises(UsageError, match="give one of both"):
        target_said("sandbox", offline=True)


def test_a_database_is_looked_for_where_the_settings_have_it(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("T2M_DATA", "T2M_DATABASE_URL", "T2M_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    assert embedded_database() is None
    file = Path(Settings().url.removeprefix("sqlite:///"))
    file.parent.mkdir(parents=True)
    file.touch()
    assert embedded_database() == EmbeddedDatabase(Settings().url, Settings().data)
    monkeypatch.setenv("T2M_DATA", str(here / "elsewhere"))
    assert embedded_database() is None
    (here / "config.toml").write_text(f'database_url = "sqlite:///{file}"\n')
    monkeypatch.setenv("T2M_CONFIG", str(here / "config.toml"))
    assert embedded_database() == EmbeddedDatabase(f"sqlite:///{file}", here / "elsewhere")
    monkeypatch.setenv("T2M_DATABASE_URL", "postgresql://localhost/twins")
    assert embedded_database() == EmbeddedDatabase("postgresql://localhost/twins", here / "elsewhere")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("plan", "nonsense"), "Nor is it kept: there is no twin 'nonsense'; `twin2multicloud twins create FILE`"),
        (("status", "greenhouse"), "without TWIN, what is deployed from the directory is meant"),
        (("destroy", "twin.yaml"), "leave TWIN out, or name a kept twin"),
        (("destroy", "greenhouse", "--dir", "d"), "leave TWIN out, or name a kept twin"),
        (("deploy", "smart-home", "--detach"), "--detach: only the run of a kept twin"),
        (("destroy", "--server", "https://twins.example.org"), "which twin of the backend's?"),
        (("--server", "https://twins.example.org", "prove", "--dir", "d", "x"), "--dir: a backend keeps its twins"),
        (("plan", "x", "--profile", "local", "--pin", "L2=aws"), "--pin: a kept twin is placed by"),
        (("move", "x", "--profile", "local", "--items-per-s", "9"), "--items-per-s: the backend copies"),
        (("plan", "x", "--server", "https://twins.example.org"), "there is no key for https://twins.example.org"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_remedy(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    place = Workplace(tmp_path)
    outcome = place(*arguments)
    assert (outcome.code, told in outcome.err) == (2, True), outcome.err
    assert not place.data.exists(), "nothing is opened for that"


def test_a_scenario_without_a_database_loads_no_backend(tmp_path: Path) -> None:
    code = (
        "import sys; from twin2multicloud.app.cli.main import run; "
        "assert run(['plan', 'smart-home', '--placement', 'missing.json']) == 2; "
        "print([m for m in ('fastapi', 'pydantic_settings', 'twin2multicloud.app.embedded') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_help_names_both_kinds_of_twins() -> None:
    for command in ("plan", "deploy", "redeploy", "destroy", "move", "status", "drift", "prove", "rotate-keys"):
        told = " ".join(call(command, "--help").out.split())
        assert "A kept twin's name or id" in told
        assert "--server" in told
