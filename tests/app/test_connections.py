"""Connections to clouds over HTTP: credentials go in and never come back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from azure.identity import CertificateCredential

from tests.app import cloud_accounts
from tests.app.backends import Person, Site
from twin2multicloud.app.db.sealed import context_of
from twin2multicloud.app.db.sealing import SealError
from twin2multicloud.app.db.tables import Connection, Stack, Twin
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.errors import ConflictError
from twin2multicloud.app.services import connections, twin_connections
from twin2multicloud.deployer.credentials.azure_sign_in import azure_credential
from twin2multicloud.deployer.credentials.environment import VARIABLES
from twin2multicloud.deployer.credentials.findings import CredentialFinding, Topic, Verdict
from twin2multicloud.deployer.credentials.gcp_sign_in import google_credentials
from twin2multicloud.model.slots import Provider

SEEN = {"If-Match": '"1"'}


def place(here: Site, connection: str = "") -> str:
    return f"workspaces/{here.workspace_id}/connections" + (f"/{connection}" if connection else "")


def kept(here: Site, owner: Person, body: dict[str, Any], code: int = 201) -> Any:
    return owner.post(place(here), body, code)


def row_of(here: Site, connection_id: str) -> Connection:
    with here.backend.database.read() as session:
        found = session.get(Connection, connection_id)
        assert found is not None
        return found


# ── Keeping and showing ─────────────────────────────────────────────────────────────────────────────────────
def test_operators_see_what_can_be_read_and_owners_change_it(here: Site, owner: Person) -> None:
    made = kept(here, owner, cloud_accounts.aws())
    assert made["config"] == {
        "account_id": "123456789012",
        "region": "eu-central-1",
        "role_arn": None,
        "external_id": None,
    }
    assert set(made) == {
        "id",
        "workspace",
        "provider",
        "name",
        "config",
        "version",
        "check",
        "created_at",
        "updated_at",
    }
    kept(here, owner, cloud_accounts.azure())
    operator = here.person("ulf", Role.OPERATOR)
    assert [each["name"] for each in operator.get(place(here))["items"]] == ["aws-dev", "azure-dev"]
    assert [each["name"] for each in operator.get(place(here) + "?provider=azure")["items"]] == ["azure-dev"]
    operator.post(place(here), cloud_accounts.gcp(), 403)
    here.person("vera", Role.VIEWER).get(place(here), 403)
    rome = here.person("sven", workspace_id=here.workspace("rome"))
    rome.get(place(here, made["id"]), 404)
    assert kept(here, owner, cloud_accounts.gcp("aws-dev"), 409)["details"] == {"connection": made["id"]}


def test_a_change_keeps_the_credentials_and_a_replacement_takes_new_ones(here: Site, owner: Person) -> None:
    made = kept(here, owner, cloud_accounts.aws())["id"]
    before = row_of(here, made).sealed
    patch = {"provider": "aws", "name": "aws-prod", "config": {"account_id": "123456789012", "region": "eu-west-1"}}
    changed = owner.call("PATCH", place(here, made), code=200, json=patch, headers=SEEN)
    assert (changed.json()["name"], changed.json()["config"]["region"]) == ("aws-prod", "eu-west-1")
    assert changed.headers["etag"] == '"2"'
    assert row_of(here, made).sealed == before
    body = cloud_accounts.aws()
    body["credentials"]["secret_access_key"] = "X" * 40
    owner.call("PUT", place(here, made), code=412, json=body, headers=SEEN)
    owner.call("PUT", place(here, made), code=200, json=body, headers={"If-Match": '"2"'})
    assert connections.sign_in_of(here.backend, row_of(here, made)).variables["AWS_SECRET_ACCESS_KEY"] == "X" * 40
    problem = owner.call("PUT", place(here, made), code=422, json=cloud_accounts.gcp(), headers={"If-Match": '"3"'})
    assert problem.json()["errors"] == [{"field": "provider", "problem": "stays aws", "value": "gcp"}]
    owner.call("PATCH", place(here, made), code=200, json={"provider": "aws"}, headers={"If-Match": '"3"'})
    assert owner.get(place(here, made))["version"] == 3


def test_sealed_credentials_open_in_their_own_row_only(here: Site, owner: Person) -> None:
    first, second = (kept(here, owner, cloud_accounts.aws(name))["id"] for name in ("one", "two"))
    with here.backend.database.write() as session:
        one, two = session.get(Connection, first), session.get(Connection, second)
        assert one is not None
        assert two is not None
        two.sealed = one.sealed
    with pytest.raises(SealError, match="belongs elsewhere"):
        connections.sign_in_of(here.backend, row_of(here, second))


# ── Forms ───────────────────────────────────────────────────────────────────────────────────────────────────
def _google(**fields: Any) -> dict[str, Any]:
    return cloud_accounts.gcp(**fields)


def _with(body: dict[str, Any], part: str, **fields: Any) -> dict[str, Any]:
    return {**body, part: {**body[part], **fields}}


@pytest.mark.parametrize(
    ("body", "field", "told"),
    [
        (_with(cloud_accounts.aws(), "config", account_id="12"), "config.account_id", "pattern"),
        (_with(cloud_accounts.aws(), "config", external_id="abc"), "config", "role_arn"),
        (_with(cloud_accounts.aws(), "config", role_arn="arn:aws:iam::1:role/x"), "config.role_arn", "pattern"),
        (_with(cloud_accounts.aws(), "credentials", access_key_id="canary-1"), "credentials.access_key_id", "AKIA"),
        (
            _with(cloud_accounts.aws(), "credentials", secret_access_key="canary-2\n"),
            "credentials.secret_access_key",
            "copy it whole",
        ),
        (_with(cloud_accounts.aws(), "credentials", session_token=""), "credentials.session_token", "session token"),
        (_with(cloud_accounts.aws(), "config", secret_access_key="canary-3"), "config.secret_access_key", "Extra"),
        ({**cloud_accounts.aws(), "secret": "canary-4"}, "secret", "Extra"),
        ({**cloud_accounts.aws(), "provider": "gpc"}, "", "tag"),
        (_with(cloud_accounts.azure(), "config", tenant_id="mine"), "config.tenant_id", "pattern"),
        (cloud_accounts.azure(client_secret="canary-5", certificate="x"), "credentials.certificate", "base64"),
        (
            cloud_accounts.azure(client_secret="canary-6-and-more", certificate=cloud_accounts.certificate()),
            "credentials",
            "either",
        ),
        (cloud_accounts.azure(client_secret="canary-7-and-more", certificate_password="x"), "credentials", "belongs"),
        (cloud_accounts.azure(certificate="A" * 64), "credentials.certificate", "PKCS #12"),
        (
            cloud_accounts.azure(certificate=cloud_accounts.certificate(), certificate_password="canary-8"),
            "credentials.certificate",
            "does not open it",
        ),
        (
            cloud_accounts.azure(
                certificate=cloud_accounts.certificate(days=-1), certificate_password=cloud_accounts.PASSWORD
            ),
            "credentials.certificate",
            "held until 2026-11-25",
        ),
        (
            _with(_google(), "credentials", service_account_key="/etc/key.json"),
            "credentials.service_account_key",
            "JSON",
        ),
        (
            _with(_google(), "credentials", service_account_key="{canary-9}"),
            "credentials.service_account_key",
            "no JSON",
        ),
        (_google(type="external_account"), "credentials.service_account_key", "only the key of a service account"),
        (_google(type="authorized_user"), "credentials.service_account_key", "only the key of a service account"),
        (_google(client_email=""), "credentials.service_account_key", "lacks client_email"),
        (_google(token_uri="https://example.org/token"), "credentials.service_account_key", "elsewhere than at Google"),
        (_google(universe_domain="example.org"), "credentials.service_account_key", "elsewhere than at Google"),
        (_google(private_key="canary-10"), "credentials.service_account_key", "cannot be read"),
        (_with(_google(), "config", impersonate="me@example.org"), "config.impersonate", "pattern"),
    ],
)
def test_what_cannot_be_whole_is_refused_and_not_repeated(
    sqlite_site: Site, body: dict[str, Any], field: str, told: str
) -> None:
    owner = sqlite_site.person("olga")
    answer = owner.call("POST", place(sqlite_site), code=422, json=body)
    errors = {error["field"]: error for error in answer.json()["errors"]}
    assert told in errors[field]["problem"]
    assert "canary" not in answer.text
    assert owner.get(place(sqlite_site))["items"] == []


# ── Signing in ──────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("body", "provider", "expected"),
    [
        (
            cloud_accounts.aws(),
            Provider.AWS,
            {
                "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
                "AWS_SECRET_ACCESS_KEY": cloud_accounts.SECRET_ACCESS_KEY,
                "AWS_EC2_METADATA_DISABLED": "true",
            },
        ),
        (
            _with(cloud_accounts.aws(), "credentials", session_token="IQoJb3JpZ2luX2VjEXAMPLE".replace("_", "/")),
            Provider.AWS,
            {
                "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
                "AWS_SECRET_ACCESS_KEY": cloud_accounts.SECRET_ACCESS_KEY,
                "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2VjEXAMPLE".replace("_", "/"),
                "AWS_EC2_METADATA_DISABLED": "true",
            },
        ),
        (
            cloud_accounts.azure(),
            Provider.AZURE,
            {
                "ARM_TENANT_ID": "a1b2c3d4-0000-4000-8000-000000000001",
                "ARM_CLIENT_ID": "a1b2c3d4-0000-4000-8000-000000000002",
                "ARM_CLIENT_SECRET": cloud_accounts.CLIENT_SECRET,
            },
        ),
    ],
)
def test_a_run_signs_in_with_variables(
    sqlite_site: Site, tmp_path: Path, body: dict[str, Any], provider: Provider, expected: dict[str, str]
) -> None:
    made = kept(sqlite_site, sqlite_site.person("olga"), body)["id"]
    with connections.environment_of(sqlite_site.backend, row_of(sqlite_site, made), tmp_path / "run") as variables:
        assert variables == expected
        assert set(variables) <= set(VARIABLES[provider])
        assert list((tmp_path / "run").iterdir()) == []


def test_a_google_key_goes_as_content_and_is_of_known_fields(sqlite_site: Site, tmp_path: Path) -> None:
    body = _with(_google(surprise="/etc/passwd"), "config", impersonate="deploy@twins-2026.iam.gserviceaccount.com")
    made = kept(sqlite_site, sqlite_site.person("olga"), body)["id"]
    connection = row_of(sqlite_site, made)
    with connections.environment_of(sqlite_site.backend, connection, tmp_path / "run") as variables:
        assert set(variables) <= set(VARIABLES[Provider.GCP])
        assert variables["GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"] == "deploy@twins-2026.iam.gserviceaccount.com"
        assert json.loads(variables["GOOGLE_CREDENTIALS"]) == cloud_accounts.google_key()
        found = google_credentials({"GOOGLE_CREDENTIALS": variables["GOOGLE_CREDENTIALS"]})
    assert found.service_account_email == "deployer@twins-2026.iam.gserviceaccount.com"
    assert connections.accounts_of([connection]).gcp_project == "twins-2026"


def test_a_role_at_aws_is_taken_on_by_a_file_that_is_gone_afterwards(sqlite_site: Site, tmp_path: Path) -> None:
    boto = pytest.importorskip("botocore.session")
    role = "arn:aws:iam::123456789012:role/twins"
    body = cloud_accounts.aws(role_arn=role, external_id="t2m-1")
    made = kept(sqlite_site, sqlite_site.person("olga"), body)["id"]
    scratch = tmp_path / "run"
    with connections.environment_of(sqlite_site.backend, row_of(sqlite_site, made), scratch) as variables:
        assert set(variables) <= set(VARIABLES[Provider.AWS])
        assert "AWS_ACCESS_KEY_ID" not in variables
        file = Path(variables["AWS_CONFIG_FILE"])
        assert file.parent == scratch
        assert (file.stat().st_mode & 0o777, scratch.stat().st_mode & 0o777) == (0o600, 0o700)
        session = boto.Session(profile=variables["AWS_PROFILE"])
        session.set_config_variable("config_file", str(file))
        profiles = session.full_config["profiles"]
        assert profiles["t2m"]["role_arn"] == role
        assert profiles["t2m"]["external_id"] == "t2m-1"
        keys = profiles[profiles["t2m"]["source_profile"]]
        assert keys["aws_secret_access_key"] == cloud_accounts.SECRET_ACCESS_KEY
    assert list(scratch.iterdir()) == []


def test_a_certificate_at_azure_is_a_file_that_is_gone_afterwards(sqlite_site: Site, tmp_path: Path) -> None:
    body = cloud_accounts.azure(certificate=cloud_accounts.certificate(), certificate_password=cloud_accounts.PASSWORD)
    made = kept(sqlite_site, sqlite_site.person("olga"), body)["id"]
    connection = row_of(sqlite_site, made)
    with connections.environment_of(sqlite_site.backend, connection, tmp_path / "run") as variables:
        assert set(variables) <= set(VARIABLES[Provider.AZURE])
        credential = azure_credential(variables)  # reads the file
        assert isinstance(credential, CertificateCredential)
        credential.close()
    assert list((tmp_path / "run").iterdir()) == []
    assert connections.accounts_of([connection]).azure_subscription == body["config"]["subscription_id"]


def test_a_file_never_goes_through_what_is_there(sqlite_site: Site, tmp_path: Path) -> None:
    made = kept(
        sqlite_site, sqlite_site.person("olga"), cloud_accounts.aws(role_arn="arn:aws:iam::123456789012:role/x")
    )
    target = tmp_path / "elsewhere"
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "sign-in-aws_config_file").symlink_to(target)
    environment = connections.environment_of(sqlite_site.backend, row_of(sqlite_site, made["id"]), tmp_path / "run")
    with pytest.raises(FileExistsError), environment:
        pass
    assert not target.exists()


# ── Checks ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_check_is_told_until_the_connection_changes(here: Site, owner: Person) -> None:
    made = kept(here, owner, cloud_accounts.aws())["id"]
    findings = [
        CredentialFinding(Provider.AWS, Topic.IDENTITY, Verdict.OK, "arn:aws:iam::123456789012:user/x"),
        CredentialFinding(Provider.AWS, Topic.PERMISSIONS, Verdict.MISSING, "lacks s3:*", "give it", ("s3:*",)),
    ]
    with here.backend.database.write() as session:
        row = session.get(Connection, made)
        assert row is not None
        assert not connections.record_check(here.backend, session, row, findings, seen=7)
        assert connections.record_check(here.backend, session, row, findings, seen=1)
    check = owner.get(place(here, made))["check"]
    assert datetime.fromisoformat(check["at"]) == datetime.fromtimestamp(here.clock.now(), UTC)
    assert (check["sufficient"], check["findings"][1]["names"]) == (False, ["s3:*"])
    owner.call("PATCH", place(here, made), code=200, json={"provider": "aws", "name": "b"}, headers=SEEN)
    assert owner.get(place(here, made))["check"] is None


# ── Use by twins ────────────────────────────────────────────────────────────────────────────────────────────
def deploy(here: Site, twin: str, provider: Provider, target: str = "clouds") -> None:
    with here.backend.database.write() as session:
        session.add(
            Stack(
                twin_id=twin,
                target=target,
                name=f"{provider.value}-foundation",
                slot="",
                site=f"{provider.value}/somewhere",
                fingerprint="",
                whole=True,
                applied_at=datetime.fromtimestamp(here.clock.now(), UTC),
            )
        )


def test_what_a_deployed_twin_uses_stays(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    used = kept(here, owner, cloud_accounts.aws())["id"]
    deploy(here, twin, Provider.AWS, target="rehearsal")
    other = kept(here, owner, cloud_accounts.gcp())["id"]
    deploy(here, twin, Provider.AWS)
    problem = owner.call("DELETE", place(here, used), code=409, headers=SEEN).json()
    assert problem["details"] == {"twins": [twin]}
    assert "'greenhouse'" in problem["detail"]
    owner.call("DELETE", place(here, other), code=204, headers=SEEN)
    moved = {"provider": "aws", "config": {"account_id": "999999999999"}}
    problem = owner.call("PATCH", place(here, used), code=409, json=moved, headers=SEEN).json()
    assert "config.account_id stays 123456789012" in problem["detail"]
    owner.call("PUT", place(here, used), code=200, json=cloud_accounts.aws(region="eu-west-1"), headers=SEEN)
    with here.backend.database.write() as session:
        row = session.get(Stack, (twin, "clouds", "aws-foundation"))
        session.delete(row)
    owner.call("DELETE", place(here, used), code=204, headers={"If-Match": '"2"'})


def test_a_twin_is_deployed_with_the_chosen_or_the_only_connection(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    chosen = f"twins/{twin}/connections"
    first = kept(here, owner, cloud_accounts.aws("first"))["id"]
    assert _used(here, twin, Provider.AWS) == {"aws": first}
    second = kept(here, owner, cloud_accounts.aws("second"))["id"]
    with pytest.raises(ConflictError, match=r"choose one of .*first.*second"):
        _used(here, twin, Provider.AWS)
    with pytest.raises(ConflictError, match="gcp: there is no connection"):
        _used(here, twin, Provider.GCP)
    answer = owner.call("PUT", chosen, code=200, json={"aws": second}, headers=SEEN)
    assert answer.headers["etag"] == '"2"'
    assert owner.get(chosen) == {"aws": second, "azure": None, "gcp": None}
    assert _used(here, twin, Provider.AWS) == {"aws": second}
    owner.call("PUT", chosen, code=412, json={}, headers=SEEN)
    seen = {"If-Match": '"2"'}
    problem = owner.call("PUT", chosen, code=422, json={"azure": first}, headers=seen).json()
    assert problem["errors"][0]["field"] == "azure"
    deploy(here, twin, Provider.AWS)
    owner.call("PUT", chosen, code=409, json={"aws": first}, headers=seen)
    owner.call("DELETE", place(here, first), code=204, headers=SEEN)
    owner.call("DELETE", place(here, second), code=409, headers=SEEN)


def test_a_run_stays_with_the_connection_it_began_with(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    first = kept(here, owner, cloud_accounts.aws("first"))["id"]
    with here.backend.database.write() as session:
        found = session.get(Twin, twin)
        assert found is not None
        twin_connections.pin(session, found, [Provider.AWS])
    kept(here, owner, cloud_accounts.aws("second"))
    assert _used(here, twin, Provider.AWS) == {"aws": first}


def test_a_role_for_a_twin_is_none_for_the_workspaces_accounts(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    guest = here.person("gast", None)
    here.let_in(guest.user_id, twin, Role.OWNER)
    guest.call("PUT", f"twins/{twin}/connections", code=404, json={}, headers=SEEN)


def _used(here: Site, twin: str, provider: Provider) -> dict[str, str]:
    with here.backend.database.read() as session:
        found = session.get(Twin, twin)
        assert found is not None
        return {each.value: row.id for each, row in twin_connections.used(session, found, [provider]).items()}


def test_contexts_name_the_row() -> None:
    assert context_of("connections.sealed", id="con_1") == "connection/con_1"
