"""The layer with msgspec: made of the wheel that is named, once, the same bytes, and nothing else."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.deployer.aws.bench import deployed
from twin2multicloud.deployer.clouds.aws import AWS
from twin2multicloud.deployer.layer import LAYERS, Layer, built, write_layers
from twin2multicloud.deployer.packages import zip_of
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot

FILES = {"msgspec/__init__.py": b"answer = 42\n", "msgspec/_core.so": b"\x7fELF"}


class Shelf:
    """Wheels in memory, and how often they were asked for."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.asked = 0

    def get(self, name: str) -> bytes:
        self.asked += 1
        return self.content


def wheel() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def layer_of(content: bytes) -> Layer:
    made = zip_of({f"python/{name}": text for name, text in FILES.items()})
    return Layer("arm64", "msgspec.whl", hashlib.sha256(content).hexdigest(), hashlib.sha256(made).hexdigest())


def test_a_layer_has_what_the_wheel_installs() -> None:
    content = wheel()
    with zipfile.ZipFile(io.BytesIO(built(layer_of(content), Shelf(content)))) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            f"python/{name}": text for name, text in FILES.items()
        }


def test_another_wheel_is_refused() -> None:
    content = wheel()
    with pytest.raises(UsageError, match="is not the file that it was"):
        built(layer_of(content), Shelf(content + b" "))


def test_another_layer_than_the_plan_has_is_refused() -> None:
    content = wheel()
    with pytest.raises(UsageError, match="not the one that was planned"):
        built(replace(layer_of(content), sha256="0" * 64), Shelf(content))


def test_the_index_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = wheel()
    layer = layer_of(content)
    monkeypatch.setattr("twin2multicloud.deployer.layer.LAYERS", {"arm64": layer})
    shelf = Shelf(content)
    for number in range(3):
        write_layers(tmp_path / str(number), ["arm64"], tmp_path / "cache", shelf)
    assert shelf.asked == 1
    for number in range(3):
        assert hashlib.sha256((tmp_path / str(number) / layer.file).read_bytes()).hexdigest() == layer.sha256
    (kept,) = (tmp_path / "cache").glob("*.zip")
    kept.write_bytes(b"cut off")
    write_layers(tmp_path / "again", ["arm64"], tmp_path / "cache", shelf)
    assert shelf.asked == 2


def test_layers_lie_where_the_foundation_looks_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = wheel()
    layer = layer_of(content)
    monkeypatch.setattr("twin2multicloud.deployer.layer.LAYERS", {"arm64": layer})
    deployment = deployed()
    foundation = AWS.foundation(deployment, deployment.sites[0])
    hot = AWS.slot(deployment, Slot.HOT)
    write_layers(tmp_path / "cache", ["arm64"], tmp_path / "cache", Shelf(content))  # so that nothing is fetched below
    for stack in (foundation, hot):
        AWS.complete(stack, tmp_path / stack.name / "packages", tmp_path / "cache")
    (found,) = tmp_path.glob("*/packages/*.zip")
    described = foundation.arguments["layer_files"]["arm64"]
    assert found == tmp_path / foundation.name / described["file"]


def test_layers_of_both_processors_are_for_the_python_that_functions_run() -> None:
    assert set(LAYERS) == {"arm64", "x86_64"}
    for layer in LAYERS.values():
        assert "-cp312-" in layer.wheel
        assert layer.described["file"] == f"packages/{layer.file}"
