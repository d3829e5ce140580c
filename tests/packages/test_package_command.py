"""`package`: the files it writes, and what it says about them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.cli.conftest import call
from twin2multicloud.deployer.hosts import roles_of
from twin2multicloud.model.slots import PROVIDERS, Provider


def test_every_role_of_every_cloud(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b"
    listed = call("package", "smart-home", "--out", str(out), "--json").json
    assert [(item["cloud"], item["role"]) for item in listed] == [
        (cloud.value, role) for cloud in PROVIDERS for role in roles_of(cloud)
    ]
    for item in listed:
        content = Path(item["file"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (item["bytes"], item["sha256"])
        assert "twin.json" in item["files"]
    assert sorted(file.name for file in out.iterdir()) == sorted(Path(item["file"]).name for item in listed)
    before = {file: file.stat().st_mtime_ns for file in out.iterdir()}
    text = call("package", "smart-home", "--out", str(out)).out
    assert {file: file.stat().st_mtime_ns for file in out.iterdir()} == before
    assert all(item["sha256"] in text for item in listed)
    assert f"{len(listed)} packages" in text


def test_one_cloud(tmp_path: Path) -> None:
    listed = call("package", "smart-home", "--out", str(tmp_path), "--cloud", "aws", "--json").json
    assert [item["role"] for item in listed] == list(roles_of(Provider.AWS))
    assert call("package", "smart-home", "--out", str(tmp_path), "--cloud", "ibm").code == 2


def test_a_placement_asks_for_its_roles_only(tmp_path: Path) -> None:
    places = {
        "L1": ("gcp", "gcp.run-gateway", "europe-west4"),
        "L2": ("gcp", "gcp.run-worker", "europe-west4"),
        "L3.hot": ("aws", "aws.dynamodb-on-demand", "eu-central-1"),
        "L3.cool": ("aws", "aws.s3-standard-ia", "eu-central-1"),
        "L3.archive": ("azure", "azure.blob-archive", "westeurope"),
        "L4": ("aws", "aws.twinmaker", "eu-central-1"),
        "L5": ("aws", "aws.managed-grafana", "eu-central-1"),
    }
    placement = {
        slot: {"provider": provider, "offer": offer, "region": region}
        for slot, (provider, offer, region) in places.items()
    }
    file = tmp_path / "placement.json"
    file.write_text(json.dumps(placement))
    done = call("package", "smart-building", "--out", str(tmp_path / "out"), "--placement", str(file), "--json")
    assert done.code == 0, done.err
    found: dict[str, list[str]] = {}
    for item in done.json:
        found.setdefault(item["cloud"], []).append(item["role"])
    assert found["gcp"] == ["send", "actions", "gateway", "worker"]
    assert found["azure"] == ["receive"]
    assert set(found["aws"]) >= {"receive", "move", "read", "connector"}
    assert "process" not in found["aws"]
    only = call(
        "package",
        "smart-building",
        "--out",
        str(tmp_path / "out"),
        "--placement",
        str(file),
        "--cloud",
        "azure",
        "--json",
    )
    assert [item["role"] for item in only.json] == ["receive"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("package", "smart-hom", "--out", "x"), "did you mean 'smart-home'"),
        (("package", "smart-home", "--out", "x", "--placement", "gone.json"), "gone.json"),
        (("package", "smart-home", "--out", "/dev/null/x"), "name a directory that can be written"),
        (("package", "smart-home"), "--out"),
    ],
)
def test_what_is_wrong_is_said(
    arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = call(*arguments)
    assert done.code == 2
    assert said in done.err
