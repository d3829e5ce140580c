"""Ports from the outputs of stacks: they open the very stores that functions use, and say what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.base import unique
from tests.finishing.rig import deployment
from tests.standins.aws.server import ministack
from tests.standins.azure.fake_key_vault import FakeKeyVault
from tests.standins.azure.rig import Certificates
from tests.standins.gcp.fake_secret_manager import FakeSecretManager
from twin2multicloud.deployer.credentials.sign_in import SignIn
from twin2multicloud.deployer.deployment import Site
from twin2multicloud.deployer.finishing.places import DeployedPlaces
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.runtime.adapters.azure.build import AzurePorts, Emulators
from twin2multicloud.runtime.adapters.gcp.clients import SECRET_MANAGER
from twin2multicloud.runtime.ports import Secrets

pytest_plugins = ("tests.standins.azure.fixtures", "tests.standins.gcp.fixtures")

AWS, AZURE = Site(Provider.AWS, "eu-central-1"), Site(Provider.AZURE, "westeurope")
GOOGLE = Site(Provider.GCP, "europe-west1")


def foundation(site: Site, secrets: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
    return {f"foundation-{site.provider.value}-{site.region}": {"secrets": secrets, "state": state}}


def check(secrets: Secrets) -> str:
    name = unique("links")  # tests share a vault
    with pytest.raises(KeyError):
        secrets.get(name)
    secrets.put(name, "a document")
    assert secrets.get(name) == "a document"
    return name


def test_secrets_on_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    server = ministack()
    for name, value in {
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }.items():
        monkeypatch.setenv(name, value)
    prefix = f"{unique('twin')}/"
    outputs = foundation(AWS, {"secrets_prefix": prefix}, {"state_table": "state"})
    name = check(DeployedPlaces(deployment("aws"), outputs).secrets(AWS))
    manager = server.clients.get("secretsmanager")
    assert manager.get_secret_value(SecretId=f"{prefix}{name}")["SecretString"] == "a document"


def test_secrets_on_azure(key_vault: FakeKeyVault, certificates: Certificates) -> None:
    outputs = foundation(AZURE, {"vault_url": key_vault.url}, {"cosmos_url": "https://x", "cosmos_database": "twins"})
    stand_ins = Emulators(authority=str(certificates.authority), any_token=True)
    places = DeployedPlaces(deployment("azure"), outputs, emulators=stand_ins)
    check(places.secrets(AZURE))
    places.close()


def test_azure_is_signed_in_at_as_the_person_who_deploys() -> None:
    class Person:
        def get_token(self, *_scopes: str, **_options: Any) -> Any:
            raise AssertionError

    outputs = {"L4": {"stores": {"graph": "own", "graph_url": "https://x", "cosmos_database": "twins"}}}
    places = DeployedPlaces(deployment("azure"), outputs, sign_in=SignIn({}, azure=Person()))
    ports = places.slot(Slot.MANAGEMENT)
    assert isinstance(ports, AzurePorts)
    assert isinstance(ports._credential, Person)
    places.close()


def test_without_google_credentials_it_is_said_how_to_sign_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    outputs = {"L4": {"stores": {"project": "twins", "prefix": "house-", "database": "house"}}}
    with pytest.raises(UsageError, match="gcloud auth application-default login"):
        DeployedPlaces(deployment("gcp"), outputs).graph()


def test_secrets_on_google(secret_manager: tuple[FakeSecretManager, str]) -> None:
    _, host = secret_manager
    fields = {"project": "twins", "prefix": f"{unique('twin')}-"}
    outputs = foundation(GOOGLE, fields, {**fields, "database": "house"})
    check(DeployedPlaces(deployment("gcp"), outputs, {SECRET_MANAGER: host}).secrets(GOOGLE))


def test_what_is_null_is_not_there() -> None:
    outputs = {"L3-hot": {"stores": {"hot_table": "records", "hot_expires_s": None, "twinmaker_workspace": None}}}
    config = DeployedPlaces(deployment("aws"), outputs).slot(Slot.HOT).config  # type: ignore[attr-defined]
    assert (config.twin, config.region, config.hot_table) == ("test-house", "eu-central-1", "records")


@pytest.mark.parametrize(
    ("outputs", "told"),
    [
        ({}, "stack L4 is not deployed yet; deploy it first"),
        ({"L4": {}}, "stack L4 has no output stores; deploy it again"),
        ({"L4": {"stores": "text"}}, "stack L4 has no output stores"),
        ({"L4": {"stores": {"unheard_of": 1}}}, r"stack L4: output stores: .*unheard_of.*; deploy the stack again"),
        ({"L4": {"stores": {"graph_table": 7}}}, r"stack L4: output stores: Expected `str`, got `int`"),
    ],
)
def test_outputs_that_are_missing_or_wrong_are_named(outputs: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        DeployedPlaces(deployment("aws"), outputs).graph()


def test_each_generation_of_a_slot_has_its_own_stores() -> None:
    moved = deployment("aws", generations={Slot.HOT: 2})
    places = DeployedPlaces(moved, {name: {"stores": {"hot_table": name}} for name in ("L3-hot", "L3-hot-2")})
    tables = [places.slot(Slot.HOT, generation).config.hot_table for generation in (0, 1, 2)]  # type: ignore[attr-defined]
    assert tables == ["L3-hot-2", "L3-hot", "L3-hot-2"]
