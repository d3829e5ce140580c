"""`plan`, `deploy` and their kin from the command line: what is shown, JSON, exit codes, errors that help."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from tests.app.backends import TWIN
from tests.deployer.placements import AWS, placement
from twin2multicloud.app.cli.main import run
from twin2multicloud.deployer.devices.authority import Authority
from twin2multicloud.deployer.devices.kept import DEVICES, KeptDocuments
from twin2multicloud.deployer.folder import FolderDocuments

pytestmark = pytest.mark.slow

Answer = tuple[int, str, str]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    for name in ("T2M_OWNER", "ARM_SUBSCRIPTION_ID", "AZURE_SUBSCRIPTION_ID", "GOOGLE_CLOUD_PROJECT", "GOOGLE_PROJECT"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: object) -> Answer:
        code = run([str(argument) for argument in arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


@pytest.fixture
def placed(tmp_path: Path) -> Path:
    file = tmp_path / "placement.json"
    file.write_text(placement(AWS).model_dump_json())
    return file


def test_a_plan_without_an_account_shows_resources_and_costs(
    cli: Callable[..., Answer], placed: Path, tmp_path: Path
) -> None:
    directory = tmp_path / "d"
    code, out, err = cli(
        "plan", "smart-home", "--offline", "--placement", placed, "--dir", directory, "--slot", "L3.hot"
    )
    assert code == 0, err
    assert "L3.hot     AWS eu-central-1  " in out
    line = next(line for line in out.splitlines() if "aws_dynamodb_table.hot" in line)
    assert "+" in line
    assert "$" in line, "the table's cost stands beside it"
    assert "Plan: " in out
    assert " a month predicted" in out
    assert "nothing was made" in err
    code, out, _ = cli(
        "plan", "smart-home", "--offline", "--placement", placed, "--dir", directory, "--slot", "L3.hot", "--json"
    )
    plan = json.loads(out)
    assert code == 0
    assert {stack["slot"] for stack in plan["stacks"]} == {None, "L3.hot"}
    hot = next(stack for stack in plan["stacks"] if stack["slot"] == "L3.hot")
    assert hot["add"] == len(hot["resources"])
    assert hot["usd_per_month"] > 0


def test_a_whole_life_from_the_command_line(cli: Callable[..., Answer], placed: Path, tmp_path: Path) -> None:
    common = ("--offline", "--dir", tmp_path / "d")
    deploy = ("deploy", "smart-home", *common, "--placement", placed, "--slot", "L3.cool", "--yes", "--json")
    code, out, err = cli(*deploy)
    assert code == 0, err
    assert json.loads(out)["stacks"]["L3-cool"]["status"] == "done"
    code, out, _ = cli("status", *common, "--json")
    assert code == 6, "five slots are not there"
    stacks = {stack["stack"]: stack for stack in json.loads(out)["stacks"]}
    assert stacks["L3-cool"]["whole"]
    assert stacks["L3-cool"]["resources"] > 0
    assert not stacks["L2"]["whole"]
    code, out, _ = cli("status", *common)
    assert "deployed" in out
    assert "not there" in out
    assert cli("drift", *common)[0] == 0
    # One slot of seven: the proof names what is not there, and how to get it.
    code, out, _ = cli("prove", *common)
    assert code == 6
    assert "stacks" in out
    assert "→" in out
    code, out, _ = cli("prove", *common, "--json")
    assert code == 6
    assert {"L1", "L2"} <= {finding["stack"] for finding in json.loads(out) if finding["rule"] == "stacks"}
    code, out, _ = cli("states", "history", "L3-cool", *common, "--json")
    assert code == 0
    newest = json.loads(out)[0]["number"]
    assert cli("states", "rollback", "L3-cool", newest, *common)[0] == 0
    code, _, err = cli("states", "unlock", "L3-cool", "nobody", *common)
    assert (code, "it is not locked" in err) == (2, True)
    code, _, err = cli("destroy", *common)
    assert code == 8, "there is nobody to ask"
    assert "--yes" in err
    uid = json.loads((tmp_path / "d/offline/deployment.json").read_text())["uid"]
    assert cli("destroy", *common, "--yes")[0] == 0
    assert json.loads((tmp_path / "d/offline/deployment.json").read_text())["uid"] != uid, "names are not used again"
    assert cli("status", *common)[0] == 2


def test_a_twin_is_renamed_while_nothing_of_it_exists(cli: Callable[..., Answer], placed: Path, tmp_path: Path) -> None:
    definition = tmp_path / "twin.yaml"
    options = ("--offline", "--placement", placed, "--dir", tmp_path / "d", "--slot", "L3.hot")
    for name in ("greenhouse", "hothouse"):
        definition.write_text(TWIN.replace("name: greenhouse", f"name: {name}"))
        code, _, err = cli("plan", definition, *options)
        assert code == 0, err
        assert json.loads((tmp_path / "d/offline/deployment.json").read_text())["twin"] == name


def test_an_export_stands_alone(cli: Callable[..., Answer], placed: Path, tmp_path: Path) -> None:
    out_dir = tmp_path / "export"
    arguments = ("export", "smart-home", "--placement", placed, "--out", out_dir, "--offline", "--dir", tmp_path / "d")
    code, _, err = cli(*arguments)
    assert code == 0, err
    names = {path.name for path in out_dir.iterdir()}
    assert names == {"README.md", "deploy.sh", "destroy.sh", "wire.sh", "plan.json", "wiring.json", "stacks"}
    roots = list((out_dir / "stacks").glob("*/main.tf.json"))
    assert len(roots) == 8
    for root in roots:
        for module in json.loads(root.read_text())["module"].values():
            assert (root.parent / module["source"]).is_dir()
    assert not (tmp_path / "d/offline/devices").exists(), "what is exported leaves the deployment as it was"
    code, _, err = cli(*arguments)
    assert code == 2
    assert "is not empty" in err


def test_an_export_makes_the_authority_of_devices_itself(
    cli: Callable[..., Answer], placed: Path, tmp_path: Path
) -> None:
    out_dir = tmp_path / "export"
    arguments = ("--placement", placed, "--offline", "--dir", tmp_path / "d")
    assert cli("export", "smart-home", *arguments, "--out", out_dir)[0] == 0
    (stack, name), *others = [
        (each["stack"], each["authority"])
        for each in json.loads((out_dir / "plan.json").read_text())
        if each["authority"] is not None
    ]
    assert not others
    root = json.loads((out_dir / "stacks" / stack / "main.tf.json").read_text())
    assert root["module"]["slot"]["device_ca_pem"] == '${file("${path.root}/authority.pem")}'
    for _ in range(2):
        # It ends where it would ask at a terminal before it applies the first stack.
        deploy = [str(out_dir / "deploy.sh"), "--yes"]
        subprocess.run(deploy, env={**os.environ, "TERRAFORM": "true"}, capture_output=True, start_new_session=True)
    kept = out_dir / "devices"
    assert stat.S_IMODE((kept / "authority.key").stat().st_mode) == 0o600
    assert (out_dir / "stacks" / stack / "authority.pem").read_bytes() == (kept / "authority.pem").read_bytes()
    found = Authority.load(KeptDocuments(FolderDocuments(out_dir, beside=("*.*", "stacks"), secret=(DEVICES,))))
    assert found is not None
    certificate = x509.load_pem_x509_certificate(found.pem)
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert certificate.subject.rfc4514_string() == f"CN={name},O=Twin2MultiCloud"
    # As the README says.
    (commands,) = re.findall(r"^    openssl req.*?certificate\.pem$", (out_dir / "README.md").read_text(), re.M | re.S)
    subprocess.run(["bash", "-euc", commands], cwd=out_dir, check=True, capture_output=True)
    x509.load_pem_x509_certificate((out_dir / "certificate.pem").read_bytes()).verify_directly_issued_by(certificate)
    # What is planned has an authority of its own, and from then on an export tells that one.
    assert cli("plan", "smart-home", *arguments)[0] == 0
    again = tmp_path / "again"
    assert cli("export", "smart-home", *arguments, "--out", again)[0] == 0
    assert {each["authority"] for each in json.loads((again / "plan.json").read_text())} == {None}
    root = json.loads((again / "stacks" / stack / "main.tf.json").read_text())
    assert root["module"]["slot"]["device_ca_pem"].startswith("-----BEGIN CERTIFICATE-----")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("plan", "smart-home", "--providers", "aws"), 2, "--owner EMAIL"),
        (("plan", "smart-home", "--providers", "azure", "--owner", "a@b.example"), 2, "--azure-subscription ID"),
        (("plan", "smart-home", "--providers", "gcp", "--owner", "a@b.example"), 2, "--gcp-project ID"),
        (("plan", "smart-home", "--offline", "--owner", "nobody"), 2, "--owner: 'nobody' is not an e-mail address"),
        (("plan", "smart-home", "--offline", "--slot", "L9"), 2, "--slot: 'L9' is not a slot"),
        (("plan", "smart-home", "--offline", "--pin", "L4=aws.twinmaker-bundle-1"), 2, "cannot be deployed"),
        (("status",), 2, "there is no deployment in"),
        (("destroy",), 2, "there is no deployment in"),
        (("move", "--slot", "L3", "--to", "aws"), 2, "one slot moves at a time: L3.hot, L3.cool, L3.archive"),
        (("move", "--slot", "L3.hot", "--to", "aws"), 2, "nothing is deployed from"),
        (("move", "--resume"), 2, "no move of this deployment is under way"),
        (("move", "--target", "sandbox", "--slot", "L3.hot", "--to", "aws"), 2, "there is no sandbox in"),
        (("states", "history", "L3-hot"), 2, "there is no state of a stack 'L3-hot'"),
        (("policies", "azure", "smart-home", "--providers", "aws"), 2, "nothing of Azure"),
    ],
)
def test_what_is_wrong_is_told_with_its_remedy(
    cli: Callable[..., Answer], tmp_path: Path, arguments: tuple[str, ...], code: int, told: str
) -> None:
    found, out, err = cli(*arguments, "--dir", tmp_path / "d")
    assert told in " ".join((err or out).split())  # a command that writes JSON tells errors as JSON, too
    assert found == code


def test_policies_are_documents_that_name_this_deployment(cli: Callable[..., Answer], tmp_path: Path) -> None:
    code, out, err = cli("policies", "aws", "smart-home", "--providers", "aws", "--dir", tmp_path / "d")
    assert code == 0, err
    uid = json.loads((tmp_path / "d/deployment.json").read_text())["uid"]
    assert f"smart-home-{uid}" in out
    assert '"Action": "*"' not in out


def test_who_owns_a_twin_is_asked_although_its_policies_were_printed_before(
    cli: Callable[..., Answer], tmp_path: Path
) -> None:
    arguments = ("smart-home", "--providers", "aws", "--dir", tmp_path / "d")
    assert cli("policies", "aws", *arguments)[0] == 0
    code, _, err = cli("plan", *arguments)
    assert code == 2
    assert "whose twin is it? --owner EMAIL" in err


def test_what_failed_is_in_the_json_of_a_deployment(
    cli: Callable[..., Answer], placed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = tmp_path / "scenario.json"
    scenario.write_text(json.dumps({"failures": [{"type": "aws_s3_bucket", "kind": "quota"}]}))
    monkeypatch.setenv("T2M_STANDIN_SCENARIO", str(scenario))
    directory = tmp_path / "d"
    deploy = ("deploy", "smart-home", "--offline", "--dir", directory, "--placement", placed, "--yes", "--json")
    code, out, _ = cli(*deploy, "--slot", "L3.cool")
    answer = json.loads(out)
    assert code == 7
    assert not answer["done"]
    stack = answer["stacks"]["L3-cool"]
    assert stack["status"] == "failed"
    assert stack["resources"] is not None
    assert any("aws_s3_bucket" in failure for failure in stack["failures"])
    assert set(stack) == {"status", "resources", "failures", "elapsed_s", "reason", "retryable"}, "as runs tell it, too"
