"""Accounts at clouds: added by the ways that there are, checked, changed, removed; by whom that may."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from typing import Any

import pytest

from tests.app import cloud_accounts
from tests.app.backends import Person, Site
from tests.app.runners import work_off
from tests.ui.conftest import OpenUi
from tests.ui.driver import Ui, driven
from twin2multicloud.app.client.connections import checked
from twin2multicloud.app.db.tables import Connection
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.services import connections
from twin2multicloud.app.ui.connections.state import Form
from twin2multicloud.app.ui.connections.variants import document, of_config, variants
from twin2multicloud.deployer.credentials.findings import CredentialFinding, Topic, Verdict
from twin2multicloud.model.slots import PROVIDERS, Provider


@pytest.fixture
def kept(sqlite_site: Site, person: Person) -> str:
    """A connection to AWS."""
    path = f"workspaces/{sqlite_site.workspace_id}/connections"
    found: str = person.post(path, cloud_accounts.aws(), 201)["id"]
    return found


def all_values(page: Ui) -> list[str]:
    """What is in all fields in view."""
    return [str(getattr(each, "value", "") or "") for each in page.controls()]


@driven
async def test_without_any_it_offers_all_clouds(ui: OpenUi) -> None:
    async with ui("/connections") as page:
        await page.sees("No connections yet")
        await page.press("Connect Azure")
        await page.until(lambda: "add=azure" in page.page.route)
        await page.sees("New connection to Azure")


@driven
async def test_an_account_is_added_and_its_secret_is_gone_from_the_page(
    ui: OpenUi, sqlite_site: Site, person: Person
) -> None:
    async with ui("/connections?add=aws") as page:
        await page.fill("Name, as people here call it", "production")
        await page.fill("Account id", "123456789012")
        await page.fill("Access key id", "AKIA0123456789ABCDEF")
        await page.fill("Secret access key", cloud_accounts.SECRET_ACCESS_KEY)
        await page.press("Save")
        await page.sees("production is kept")
        await page.until(lambda: "connection=con_" in page.page.route)
        await page.sees("kept, shown to nobody")
        assert cloud_accounts.SECRET_ACCESS_KEY not in all_values(page)
        (made,) = person.get(f"workspaces/{sqlite_site.workspace_id}/connections")["items"]
        assert (made["name"], made["config"]["account_id"]) == ("production", "123456789012")


@driven
async def test_what_is_wrong_stands_at_its_field(ui: OpenUi) -> None:
    async with ui("/connections?add=aws") as page:
        await page.press("Save")
        await page.until(lambda: _error(page, "Account id") == "is needed")
        await page.fill("Name, as people here call it", "production")
        await page.fill("Account id", "12")
        await page.fill("Access key id", "AKIA0123456789ABCDEF")
        await page.fill("Secret access key", "short")
        await page.press("Save")
        await page.until(lambda: "match pattern" in (_error(page, "Account id") or ""))
        assert "is not a secret access key" in str(_error(page, "Secret access key"))


@driven
async def test_a_name_that_is_taken_is_told_above_the_form(ui: OpenUi, kept: str) -> None:
    async with ui("/connections?add=aws") as page:
        await page.fill("Name, as people here call it", "aws-dev")
        await page.fill("Account id", "123456789012")
        await page.fill("Access key id", "AKIA0123456789ABCDEF")
        await page.fill("Secret access key", cloud_accounts.SECRET_ACCESS_KEY)
        await page.press("Save")
        await page.sees("There is a connection 'aws-dev' in this workspace already")


@driven
async def test_other_settings_keep_the_credentials(ui: OpenUi, sqlite_site: Site, person: Person, kept: str) -> None:
    async with ui(f"/connections?connection={kept}") as page:
        await page.press("Name and settings")
        await page.fill("Name, as people here call it", "main account")
        await page.press("Save")
        await page.sees("main account is kept")
        found = person.get(f"workspaces/{sqlite_site.workspace_id}/connections/{kept}")
        assert (found["name"], found["version"]) == ("main account", 2)


@driven
async def test_a_check_is_begun_and_what_it_finds_is_shown(
    ui: OpenUi, sqlite_site: Site, person: Person, kept: str
) -> None:
    async with ui(f"/connections?connection={kept}") as page:
        await page.press("Check")
        await page.until(lambda: page.button("Checking…"))
        (run,) = person.get("runs")["items"]
        assert run["kind"] == "check-connection"
        found = CredentialFinding(
            Provider.AWS,
            Topic.PERMISSIONS,
            Verdict.MISSING,
            "two actions are not allowed",
            remedy="attach the policy that `policies aws` prints",
            names=("iot:CreateThing", "s3:PutObject"),
        )
        with sqlite_site.backend.database.write() as session:
            connection = session.get_one(Connection, kept)
            connections.record_check(sqlite_site.backend, session, connection, [found], seen=1)
        person.post(f"runs/{run['id']}/cancel")
        await page.sees("does not suffice")
        await page.go(f"/connections?connection={kept}&again=1")
        await page.sees("iot:CreateThing, s3:PutObject")
        await page.sees("What to do: attach the policy")


@driven
async def test_a_check_that_lacks_a_library_says_how_to_get_it(
    ui: OpenUi, sqlite_site: Site, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "boto3.session", None)
    async with ui(f"/connections?connection={kept}") as page:
        await page.press("Check")
        await page.until(lambda: page.button("Checking…"))
        await asyncio.to_thread(work_off, sqlite_site)
        await page.sees("The check did not come to an end")
        await page.sees("what speaks to AWS is not installed here (boto3.session is missing)")
        await page.sees("pip install 'twin2multicloud[aws]'")


@driven
async def test_one_is_removed_after_its_name_was_typed(
    ui: OpenUi, sqlite_site: Site, person: Person, kept: str
) -> None:
    async with ui(f"/connections?connection={kept}") as page:
        await page.press("Remove…")
        await page.fill("Type “aws-dev” to go on", "aws-dev")
        await page.press("Remove")
        await page.sees("aws-dev is forgotten")
        await page.sees("No connections yet")


@driven
async def test_operators_look_and_viewers_are_told_who_does(ui: OpenUi, sqlite_site: Site, kept: str) -> None:
    async with ui(f"/connections?connection={kept}", who=sqlite_site.person("otto", Role.OPERATOR)) as page:
        await page.sees("123456789012")
        assert page.button("Check")
        with pytest.raises(LookupError):
            page.button("Replace credentials")
    async with ui("/connections", who=sqlite_site.person("vera", Role.VIEWER)) as page:
        await page.sees("Operators and owners of berlin see its connections")
    async with ui("/connections", who=sqlite_site.person("nina", None)) as page:
        await page.sees("You are in no workspace")


# ── What is sent ────────────────────────────────────────────────────────────────────────────────────────────
_VALUES = {
    "name": "made",
    "config.account_id": "123456789012",
    "config.region": "eu-central-1",
    "config.role_arn": "arn:aws:iam::123456789012:role/twins",
    "config.external_id": "our-own",
    "config.subscription_id": "3f0c2a9e-5d7b-4c1e-9a43-0b8e6f2d1c57",
    "config.tenant_id": "3f0c2a9e-5d7b-4c1e-9a43-0b8e6f2d1c57",
    "config.client_id": "3f0c2a9e-5d7b-4c1e-9a43-0b8e6f2d1c57",
    "config.project_id": "twins-2026",
    "config.impersonate": "deployer@twins-2026.iam.gserviceaccount.com",
    "credentials.access_key_id": "AKIA0123456789ABCDEF",
    "credentials.secret_access_key": cloud_accounts.SECRET_ACCESS_KEY,
    "credentials.session_token": "dG9rZW4=",
    "credentials.client_secret": cloud_accounts.CLIENT_SECRET,
    "credentials.certificate": base64.b64encode(b"0" * 300).decode(),
    "credentials.certificate_password": cloud_accounts.PASSWORD,
    "credentials.service_account_key": json.dumps(cloud_accounts.google_key()),
}


@pytest.mark.parametrize(
    ("provider", "key"), [(provider, each.key) for provider in PROVIDERS for each in variants(provider)]
)
def test_every_way_to_sign_in_makes_what_the_api_takes(provider: Provider, key: str) -> None:
    variant = next(each for each in variants(provider) if each.key == key)
    made = document(provider, variant, _VALUES, secrets=True)
    assert checked(made, "connection")["provider"] == provider.value
    assert variant.steps
    if any(each.path in ("config.role_arn", "config.impersonate") for each in variant.config):
        assert of_config(provider, made["config"]).key == key


def test_all_fields_that_the_api_takes_can_be_filled_in() -> None:
    from twin2multicloud.app.schemas import connections as shapes

    taken: dict[Provider, tuple[Any, Any]] = {
        Provider.AWS: (shapes.AwsConfig, shapes.AwsCredentials),
        Provider.AZURE: (shapes.AzureConfig, shapes.AzureCredentials),
        Provider.GCP: (shapes.GcpConfig, shapes.GcpCredentials),
    }
    for provider, (config, credentials) in taken.items():
        paths = {field.path for variant in variants(provider) for field in variant.fields}
        wanted = {f"config.{name}" for name in config.model_fields}
        assert paths == wanted | {f"credentials.{name}" for name in credentials.model_fields}


def test_no_secret_stays_in_a_form_once_it_was_sent() -> None:
    form = Form(Provider.AWS)
    form.values |= _VALUES
    form.forget()
    assert not form.values


def _error(page: Ui, label: str) -> str | None:
    found: Any = page.field(label)
    return None if found.error is None else str(found.error)
