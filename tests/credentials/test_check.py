"""All clouds of a deployment are checked at once, each for what it is needed for."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Mapping

import pytest

from tests.finishing.rig import deployment
from tests.patience import PATIENCE_S
from tests.sandbox.twins import ring
from twin2multicloud.deployer.credentials.check import check_credentials, needs_of
from twin2multicloud.deployer.credentials.findings import CredentialFinding, Topic, Verdict
from twin2multicloud.deployer.credentials.needs import Needs, Permission, permissions_for
from twin2multicloud.deployer.credentials.wanted import permissions_of
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import PROVIDERS, Provider, Slot


def test_needs_follow_from_the_placement() -> None:
    wanted = {Provider.AWS: [Permission("sqs:CreateQueue")]}
    found = {needs.provider: needs for needs in needs_of(deployment(ring(0, 1), elsewhere=[Slot.COOL]), wanted)}
    assert set(found) == set(PROVIDERS)
    # L1, L3.cool (in another region) and L5 are on AWS.
    assert found[Provider.AWS].regions == ("eu-central-1", "us-east-1")
    assert found[Provider.AWS].permissions == (Permission("sqs:CreateQueue"),)
    assert (found[Provider.AWS].functions, found[Provider.AWS].movers) == (3, 1)  # a sender, a receiver, a mover
    (only,) = needs_of(deployment("azure"), {})
    assert (only.provider, only.regions, only.permissions) == (Provider.AZURE, ("westeurope",), ())


def test_a_permission_is_asked_about_once() -> None:
    actions = {"a_queue": ("q:make", "q:drop"), "a_topic": ("q:make", "t:make"), "unused": ("u:make",)}
    assert permissions_for(["a_topic", "a_queue", "a_queue"], actions) == (
        Permission("q:make", why="a_queue"),
        Permission("q:drop", why="a_queue"),
        Permission("t:make", why="a_topic"),
    )


def test_permissions_are_those_that_the_policies_give() -> None:
    deployed = deployment(ring(0, 1), elsewhere=[Slot.COOL])
    types = {
        Provider.AWS: ["aws_sqs_queue", "aws_iam_role"],
        Provider.AZURE: ["azurerm_iothub", "azurerm_key_vault_secret"],
        Provider.GCP: ["google_secret_manager_secret"],
    }
    found = permissions_of(deployed, types)
    create = [permission for permission in found[Provider.AWS] if permission.action == "sqs:CreateQueue"]
    assert [(p.resource, p.why) for p in create] == [
        ("arn:*:sqs:eu-central-1:*:test-house-k3x9f-*", "aws_sqs_queue"),
        ("arn:*:sqs:us-east-1:*:test-house-k3x9f-*", "aws_sqs_queue"),
    ]
    assert {p.action for p in found[Provider.AZURE] if p.data} >= {"Microsoft.KeyVault/vaults/secrets/*"}
    assert "secretmanager.versions.add" in {p.action for p in found[Provider.GCP]}
    with pytest.raises(UsageError, match="google_unheard_of"):
        permissions_of(deployed, {Provider.GCP: ["google_unheard_of"]})


def test_clouds_are_asked_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=PATIENCE_S)

    def one(needs: Needs, environ: Mapping[str, str]) -> list[CredentialFinding]:
        together.wait()
        return [CredentialFinding(needs.provider, Topic.IDENTITY, Verdict.OK, environ["WHO"])]

    needs = needs_of(deployment(ring(0, 1)), {})
    found = check_credentials(needs, {"WHO": "ann"}, dict.fromkeys(PROVIDERS, one))
    assert [(finding.provider, finding.text) for finding in found] == [(each.provider, "ann") for each in needs]
    assert check_credentials([]) == []


def test_without_credentials_every_cloud_says_how_to_sign_in(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clouds' own libraries look where they always look, and find nothing there; no request leaves the machine."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    needs = [each for each in needs_of(deployment(ring(0, 1)), {}) if each.provider is not Provider.AZURE]
    found = check_credentials(needs, {})
    assert [(finding.provider, finding.verdict) for finding in found] == [
        (Provider.AWS, Verdict.MISSING),
        (Provider.GCP, Verdict.MISSING),
    ]
    assert all("sign in with" in finding.remedy for finding in found)


@pytest.mark.parametrize(
    ("provider", "module"),
    [(Provider.AWS, "boto3.session"), (Provider.AZURE, "azure.identity"), (Provider.GCP, "google.auth")],
)
def test_a_cloud_whose_library_is_missing_names_the_extra(
    provider: Provider, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for loaded in [name for name in sys.modules if name.startswith("twin2multicloud.deployer.credentials.")]:
        if not loaded.endswith((".check", ".findings", ".needs")):
            monkeypatch.delitem(sys.modules, loaded)
    for part in [name for name in sys.modules if name.startswith(f"{module}.")]:  # other tests have loaded it
        monkeypatch.delitem(sys.modules, part)
    monkeypatch.setitem(sys.modules, module, None)
    needs = [each for each in needs_of(deployment(ring(0, 1)), {}) if each.provider is provider]
    with pytest.raises(UsageError, match=re.escape(f"pip install 'twin2multicloud[{provider.value}]'")) as caught:
        check_credentials(needs, {})
    assert provider.label in str(caught.value)
