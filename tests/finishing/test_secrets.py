"""Secrets beside the links: made once, kept where they are, given by a person and never shown."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.finishing.rig import Stores, Told, deployment, outputs_of
from tests.sandbox.twins import small_twin
from twin2multicloud.deployer.deployment import Site
from twin2multicloud.deployer.devices.kept import KeptDocuments
from twin2multicloud.deployer.finishing.progress import StepError
from twin2multicloud.deployer.finishing.secrets import (
    given_secrets,
    needed_secrets,
    variable_of,
    webhook_secrets,
    write_secrets,
)
from twin2multicloud.deployer.folder import FolderDocuments
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.model.spec import Rule, WebhookAction
from twin2multicloud.runtime.entry.gcp import DEVICE_KEYS
from twin2multicloud.runtime.entry.queries import READ_KEY

GIVEN = {"hook-key": "s3cret of the hook"}
GOOGLE = Site(Provider.GCP, "europe-west1")
AWS = Site(Provider.AWS, "eu-central-1")
AZURE = Site(Provider.AZURE, "westeurope")
GATEWAY = dict.fromkeys(Slot, "gcp") | {Slot.PROCESSING: "aws", Slot.HOT: "azure"}
OFFERS = {Slot.ACQUISITION: "gcp.run-gateway"}


def test_each_site_needs_what_its_functions_read() -> None:
    needed = {(secret.site, secret.name) for secret in needed_secrets(deployment(GATEWAY, offers=OFFERS))}
    assert needed == {
        (AZURE, READ_KEY),  # the hot store's reader
        (GOOGLE, READ_KEY),  # the twin graph's
        (GOOGLE, DEVICE_KEYS),
        (GOOGLE, "grafana-admin"),
        (AWS, "hook-key"),  # rules act beside processing
    }


def test_a_webhook_cannot_take_the_place_of_a_secret_of_ours() -> None:
    rule = Rule("sly", "meter", "temperature > 90", actions=(WebhookAction("https://example.org", "links"),))
    spec, _ = small_twin(5, rules=(rule,))
    with pytest.raises(UsageError, match="rule 'sly': a webhook's secret cannot be called 'links'"):
        needed_secrets(deployment("aws", spec=spec))


def test_a_managed_service_needs_no_passwords_of_ours() -> None:
    spec, _ = small_twin(5)
    offers = {Slot.VISUALIZATION: "azure.managed-grafana"}
    needed = needed_secrets(deployment("azure", offers=offers, spec=spec))
    assert [(secret.site, secret.name) for secret in needed] == [(AZURE, READ_KEY)]


def test_secrets_are_made_once(stores: Stores, told: Told, tmp_path: Path) -> None:
    deployed = deployment(GATEWAY, offers=OFFERS)
    kept = KeptDocuments(FolderDocuments(tmp_path))
    assert len(write_secrets(deployed, outputs_of(deployed), stores, kept, GIVEN, told)) == 5
    before = {(site, name): stores(site).get(name) for site in deployed.sites for name in stores(site).names()}
    assert before[AWS, "hook-key"] == GIVEN["hook-key"]
    assert before[AZURE, READ_KEY] != before[GOOGLE, READ_KEY]
    assert len(base64.b64decode(before[GOOGLE, DEVICE_KEYS])) == 32
    assert write_secrets(deployed, outputs_of(deployed), stores, kept, {}, told) == ()  # none has to be given again
    assert all(stores(site).get(name) == value for (site, name), value in before.items())
    assert not any(value in repr(told.all) for value in before.values())


def test_another_value_of_a_given_secret_replaces_it(stores: Stores, told: Told, tmp_path: Path) -> None:
    deployed = deployment("aws")
    kept = KeptDocuments(FolderDocuments(tmp_path))
    write_secrets(deployed, outputs_of(deployed), stores, kept, GIVEN, told)
    written = write_secrets(deployed, outputs_of(deployed), stores, kept, {"hook-key": "another"}, told)
    assert [secret.name for secret in written] == ["hook-key"]
    assert stores(AWS).get("hook-key") == "another"


def test_devices_keep_their_keys_when_acquisition_moves(stores: Stores, told: Told, tmp_path: Path) -> None:
    kept = KeptDocuments(FolderDocuments(tmp_path))
    before = deployment("gcp", offers=OFFERS)
    write_secrets(before, outputs_of(before), stores, kept, GIVEN, told)
    after = deployment("gcp", offers=OFFERS, elsewhere=[Slot.ACQUISITION])
    write_secrets(after, outputs_of(after), stores, kept, GIVEN, told)
    assert stores(Site(Provider.GCP, "us-central1")).get(DEVICE_KEYS) == stores(GOOGLE).get(DEVICE_KEYS)


def test_a_secret_that_nobody_gave_is_named_and_all_others_are_written(
    stores: Stores, told: Told, tmp_path: Path
) -> None:
    deployed = deployment("aws")
    with pytest.raises(StepError, match=r"'hook-key' \(which signs the webhook of rule 'hot'\).*T2M_SECRET_HOOK_KEY"):
        write_secrets(deployed, outputs_of(deployed), stores, KeptDocuments(FolderDocuments(tmp_path)), {}, told)
    assert READ_KEY in stores(AWS).names()


def test_a_person_gives_secrets_by_file_or_variable(tmp_path: Path) -> None:
    names = webhook_secrets(deployment("aws").spec)
    assert variable_of("hook-key") == "T2M_SECRET_HOOK_KEY"
    environment = {"T2M_SECRET_HOOK_KEY": "from the environment"}
    assert given_secrets(names, environment) == {"hook-key": "from the environment"}
    file = tmp_path / "hook"
    file.write_text("from a file\n")
    assert given_secrets(names, environment, {"hook-key": file}) == {"hook-key": "from a file"}
    assert given_secrets(names, {}) == {}


def test_what_a_person_gives_wrongly_is_refused_without_being_shown(tmp_path: Path) -> None:
    names = webhook_secrets(deployment("aws").spec)
    with pytest.raises(
        UsageError, match="no rule signs a webhook with the secret 'other'; those that do use: hook-key"
    ):
        given_secrets(names, {}, {"other": tmp_path / "none"})
    with pytest.raises(UsageError, match=r"secret 'hook-key': .*none cannot be read"):
        given_secrets(names, {}, {"hook-key": tmp_path / "none"})
    with pytest.raises(UsageError, match="secret 'hook-key': a value has 1 to 4096 bytes") as told:
        given_secrets(names, {"T2M_SECRET_HOOK_KEY": "x" * 5000})
    assert "xx" not in str(told.value)
