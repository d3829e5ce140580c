"""Azure credentials: Microsoft's identity library and pipeline against a fake of Entra and the Resource Manager."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from azure.identity import (
    CertificateCredential,
    ClientAssertionCredential,
    ClientSecretCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.standins.azure.rig import Certificates, make_certificates, serving
from twin2multicloud.deployer.credentials.arm import Arm, ArmError
from twin2multicloud.deployer.credentials.azure import allowed, check_azure, claims_of
from twin2multicloud.deployer.credentials.azure_sign_in import azure_credential
from twin2multicloud.deployer.credentials.findings import CredentialFinding, Topic, Verdict, sufficient
from twin2multicloud.deployer.credentials.needs import Needs, Permission
from twin2multicloud.deployer.deployment import Accounts
from twin2multicloud.deployer.finishing.grafana.sign_in import with_entra
from twin2multicloud.deployer.finishing.progress import StepError
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider

TENANT, SUBSCRIPTION = "11111111-2222-3333-4444-555555555555", "99999999-8888-7777-6666-555555555555"
SECRET = "s3cret-of-the-deployer"
ENVIRONMENT = {"ARM_TENANT_ID": TENANT, "ARM_CLIENT_ID": "deployer", "ARM_CLIENT_SECRET": SECRET}
WANTED = (
    Permission("Microsoft.Devices/iotHubs/write", why="azurerm_iothub"),
    Permission("Microsoft.Devices/iotHubs/delete", why="azurerm_iothub"),
    Permission("Microsoft.DocumentDB/databaseAccounts/sqlDatabases/write", why="azurerm_cosmosdb_sql_database"),
    Permission("Microsoft.Authorization/roleAssignments/write", why="azurerm_role_assignment"),
)
NEEDS = Needs(Provider.AZURE, ("westeurope",), WANTED, Accounts(azure_subscription=SUBSCRIPTION))


def jwt(**claims: str) -> str:
    parts = ({"alg": "none"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + ".x"


@dataclass
class FakeAzure:
    """A FAKE of the few requests of Entra ID and of the Resource Manager that a check makes. It knows one client with
    one secret; roles, providers and usages are what a test says. Tokens are not signed."""

    port: int = 0
    entra: tuple[int, dict[str, Any]] = (200, {})
    state: str = "Enabled"
    roles: list[dict[str, list[str]]] = field(default_factory=lambda: [{"actions": ["*"], "notActions": []}])
    providers: dict[str, dict[str, Any]] = field(default_factory=dict)
    usages: list[dict[str, Any]] = field(default_factory=list)
    refuse: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Status and code by the last step of a path."""
    page: int = 100
    asked: list[str] = field(default_factory=list)
    token: str = jwt(appid="deployer", tid=TENANT)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/{tenant}/v2.0/.well-known/openid-configuration", self._discovery)
        app.router.add_get("/common/discovery/instance", self._instance)
        app.router.add_post("/{tenant}/oauth2/v2.0/token", self._token)
        app.router.add_get("/subscriptions/{path:.*}", self._arm)
        app.router.add_post("/subscriptions/{path:.*}", self._arm)
        return app

    @property
    def authority(self) -> str:
        return f"https://localhost:{self.port}"

    async def _instance(self, _request: web.Request) -> web.Response:
        return web.json_response({"tenant_discovery_endpoint": f"{self.authority}/{TENANT}/v2.0", "metadata": []})

    async def _discovery(self, request: web.Request) -> web.Response:
        base = f"{self.authority}/{request.match_info['tenant']}"
        return web.json_response(
            {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
            }
        )

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        status, body = self.entra
        if status != 200:
            return web.json_response(body, status=status)
        if form.get("client_secret") != SECRET:
            told = "AADSTS7000215: Invalid client secret provided."
            return web.json_response({"error": "invalid_client", "error_description": told}, status=401)
        return web.json_response({"token_type": "Bearer", "expires_in": 3599, "access_token": self.token})

    async def _arm(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if request.headers.get("Authorization") != f"Bearer {self.token}" or "api-version" not in request.query:
            return _error(401, "InvalidAuthenticationToken")
        last = request.path.rpartition("/")[2]
        if last in self.refuse:
            return _error(*self.refuse[last])
        parts = request.path.split("/")
        if parts[2] != SUBSCRIPTION:
            return _error(404, "SubscriptionNotFound")
        if len(parts) == 3:
            return web.json_response({"subscriptionId": parts[2], "displayName": "Research", "state": self.state})
        if last == "permissions":
            first = int(request.query.get("skip", 0))
            body: dict[str, Any] = {"value": self.roles[first : first + self.page]}
            if first + self.page < len(self.roles):
                base = f"{self.authority}{request.path}"
                body["nextLink"] = f"{base}?api-version=2022-04-01&skip={first + self.page}"
            return web.json_response(body)
        if last == "usages":
            return web.json_response({"value": self.usages})
        known = {"registrationState": "Registered", "resourceTypes": [], **self.providers.get(last, {})}
        return web.json_response(known)


def _error(status: int, code: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": "by the fake"}}, status=status)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("azure"))


@pytest.fixture
def azure(certificates: Certificates) -> Iterator[FakeAzure]:
    fake = FakeAzure()
    with serving(fake.app(), certificates.context()) as (_loop, fake.port):
        yield fake


def check(
    fake: FakeAzure, certificates: Certificates, needs: Needs = NEEDS, environment: dict[str, str] | None = None
) -> list[CredentialFinding]:
    verify = str(certificates.authority)
    credential = azure_credential(
        environment or ENVIRONMENT,
        authority=fake.authority,
        connection_verify=verify,
        disable_instance_discovery=True,
        retry_total=0,
    )
    arm = Arm(credential, endpoint=fake.authority, verify=verify, attempts=1)
    try:
        return check_azure(needs, credential, arm)
    finally:
        arm.close()
        credential.close()  # type: ignore[attr-defined]


def of(findings: list[CredentialFinding], topic: Topic) -> list[CredentialFinding]:
    return [finding for finding in findings if finding.topic is topic]


def test_an_identity_with_all_rights_passes(azure: FakeAzure, certificates: Certificates) -> None:
    findings = check(azure, certificates)
    assert sufficient(findings)
    assert [finding.text for finding in of(findings, Topic.IDENTITY)] == [
        f"deployer of tenant {TENANT}",
        "subscription Research",
    ]
    assert of(findings, Topic.PERMISSIONS)[0].text.startswith("all 4 permissions are there")


def test_nothing_secret_is_in_any_finding_or_log(
    azure: FakeAzure, certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        findings = check(azure, certificates)
        azure.entra = 401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret."}
        findings += check(azure, certificates)
    assert SECRET not in repr(findings)
    assert azure.token not in repr(findings)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("twin2multicloud")]
    assert not any(SECRET in text or azure.token in text for text in ours)


def test_permissions_are_those_of_all_roles_on_all_pages(azure: FakeAzure, certificates: Certificates) -> None:
    azure.page = 1
    azure.roles = [
        {"actions": ["*/read"], "notActions": []},
        {"actions": ["microsoft.devices/*"], "notActions": ["Microsoft.Devices/*/Delete"]},
        {"actions": ["Microsoft.DocumentDB/*"], "notActions": []},
    ]
    (finding,) = of(check(azure, certificates), Topic.PERMISSIONS)
    assert finding.verdict is Verdict.MISSING
    assert finding.names == ("Microsoft.Devices/iotHubs/delete", "Microsoft.Authorization/roleAssignments/write")
    assert "(needed for azurerm_iothub, azurerm_role_assignment)" in finding.text
    assert "twin2multicloud policies azure" in finding.remedy


@pytest.mark.parametrize(
    ("roles", "answer"),
    [
        ([], False),
        ([{"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]}], False),
        # An exception holds in its own role only.
        ([{"actions": ["*"], "notActions": ["*"]}, {"actions": ["Microsoft.Authorization/*"], "notActions": []}], True),
        ([{"actions": ["microsoft.authorization/ROLEassignments/write"]}], True),
        ([{"actions": ["Microsoft.Authorization/roleAssignments/*/write"]}], False),
        ([{"actions": ["Microsoft.Authorization/roleAssignments"]}], False),
    ],
)
def test_wildcards_and_exceptions(roles: list[dict[str, list[str]]], answer: bool) -> None:
    assert allowed("Microsoft.Authorization/roleAssignments/write", roles) is answer


def test_data_actions_are_told_from_actions(azure: FakeAzure, certificates: Certificates) -> None:
    secrets = Permission(
        "Microsoft.KeyVault/vaults/secrets/setSecret/action", why="azurerm_key_vault_secret", data=True
    )
    needs = Needs(Provider.AZURE, ("westeurope",), (*WANTED, secrets), NEEDS.accounts)
    (finding,) = of(check(azure, certificates, needs), Topic.PERMISSIONS)  # "*" allows actions only
    assert finding.names == (secrets.action,)
    azure.roles.append({"dataActions": ["Microsoft.KeyVault/vaults/secrets/*"], "notDataActions": []})
    assert sufficient(check(azure, certificates, needs))


def test_a_region_without_a_type_and_an_unregistered_namespace_are_named(
    azure: FakeAzure, certificates: Certificates
) -> None:
    azure.roles = [{"actions": ["*"], "notActions": ["*/register/action"]}]
    azure.providers["Microsoft.Devices"] = {
        "registrationState": "NotRegistered",
        "resourceTypes": [{"resourceType": "IotHubs", "locations": ["West US", "North Europe"]}],
    }
    unregistered, absent = of(check(azure, certificates), Topic.SERVICES)
    assert (unregistered.verdict, unregistered.names) == (Verdict.MISSING, ("Microsoft.Devices",))
    assert (absent.verdict, absent.names) == (Verdict.MISSING, ("Microsoft.Devices/iotHubs in westeurope",))


def test_what_terraform_may_register_need_not_be(azure: FakeAzure, certificates: Certificates) -> None:
    azure.providers["Microsoft.Devices"] = {"registrationState": "NotRegistered"}
    assert sufficient(check(azure, certificates))


def test_a_quota_that_is_used_up_is_named(azure: FakeAzure, certificates: Certificates) -> None:
    azure.usages = [
        {"name": {"value": "S1", "localizedValue": "Standard hubs"}, "currentValue": 50, "limit": 50},
        {"name": {"value": "F1"}, "currentValue": 0, "limit": 1},
    ]
    (finding,) = of(check(azure, certificates), Topic.QUOTAS)
    assert (finding.verdict, finding.names) == (Verdict.MISSING, ("Standard hubs (50 of 50)",))


@pytest.mark.parametrize(
    ("description", "told"),
    [
        ("AADSTS7000222: The provided client secret keys are expired.", "the credentials have expired"),
        ("AADSTS700016: Application was not found in the directory.", "Azure does not take the credentials"),
    ],
)
def test_refused_credentials_have_a_finding_of_their_own(
    azure: FakeAzure, certificates: Certificates, description: str, told: str
) -> None:
    azure.entra = 401, {"error": "invalid_client", "error_description": description}
    (finding,) = check(azure, certificates)
    assert finding.text.startswith(told)
    assert (finding.verdict, "az login" in finding.remedy) == (Verdict.MISSING, True)


def test_a_subscription_that_is_not_ones_own_is_named(azure: FakeAzure, certificates: Certificates) -> None:
    other = Needs(Provider.AZURE, ("westeurope",), WANTED, Accounts(azure_subscription=TENANT))
    findings = check(azure, certificates, other)
    assert findings[-1].verdict is Verdict.MISSING
    assert f"subscription {TENANT} is not to be seen: SubscriptionNotFound" in findings[-1].text
    unnamed = check(azure, certificates, Needs(Provider.AZURE, ("westeurope",), WANTED))
    assert unnamed[-1].text == "no subscription was named"


def test_a_disabled_subscription_is_told(azure: FakeAzure, certificates: Certificates) -> None:
    azure.state = "Disabled"
    assert check(azure, certificates)[-1].text == "subscription Research is disabled"


def test_what_may_not_be_asked_is_unknown(azure: FakeAzure, certificates: Certificates) -> None:
    azure.refuse = {"permissions": (403, "AuthorizationFailed"), "Microsoft.Devices": (403, "AuthorizationFailed")}
    findings = check(azure, certificates)
    assert of(findings, Topic.PERMISSIONS)[0].verdict is Verdict.UNKNOWN
    assert Verdict.UNKNOWN in {finding.verdict for finding in of(findings, Topic.SERVICES)}
    assert sufficient(findings)


def test_a_next_page_elsewhere_is_not_followed(certificates: Certificates) -> None:
    """The token would go there."""

    async def elsewhere(_request: web.Request) -> web.Response:
        return web.json_response({"value": [], "nextLink": "https://example.org/permissions"})

    app = web.Application()
    app.router.add_get("/list", elsewhere)

    class Known:
        def get_token(self, *_scopes: str, **_options: Any) -> Any:
            from azure.core.credentials import AccessToken

            return AccessToken("t", 9_999_999_999)

    with serving(app, certificates.context()) as (_loop, port):
        arm = Arm(Known(), endpoint=f"https://localhost:{port}", verify=str(certificates.authority), attempts=1)
        with pytest.raises(ArmError, match="at another address"):
            list(arm.all("/list", "1"))
        arm.close()


def test_a_managed_grafana_is_signed_in_at_with_the_same_credential(
    azure: FakeAzure, certificates: Certificates
) -> None:
    options: dict[str, Any] = {"authority": azure.authority, "disable_instance_discovery": True, "retry_total": 0}
    credential = azure_credential(ENVIRONMENT, connection_verify=str(certificates.authority), **options)
    assert with_entra(credential) == {"authorization": f"Bearer {azure.token}"}
    azure.entra = 401, {"error": "invalid_client", "error_description": "AADSTS7000215"}
    wrong = azure_credential(ENVIRONMENT, connection_verify=str(certificates.authority), **options)
    with pytest.raises(StepError, match="Entra gives no token for Azure Managed Grafana"):
        with_entra(wrong)
    for each in (credential, wrong):
        each.close()  # type: ignore[attr-defined]


def test_the_variables_of_terraform_sign_in_here_too(tmp_path: Path, certificates: Certificates) -> None:
    both = tmp_path / "client.pem"
    both.write_bytes(_rsa())
    known = {"ARM_TENANT_ID": TENANT, "ARM_CLIENT_ID": "deployer"}
    cases: list[tuple[dict[str, str], type]] = [
        (ENVIRONMENT, ClientSecretCredential),
        ({**known, "ARM_CLIENT_CERTIFICATE_PATH": str(both)}, CertificateCredential),
        ({**known, "ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN": "t"}, ClientAssertionCredential),
        ({**known, "ARM_USE_MSI": "true"}, ManagedIdentityCredential),
        ({"ARM_TENANT_ID": TENANT}, DefaultAzureCredential),
        ({}, DefaultAzureCredential),
    ]
    for environment, kind in cases:
        credential = azure_credential(environment)
        assert type(credential) is kind
        credential.close()  # type: ignore[attr-defined]
    both.write_bytes(certificates.server.read_bytes() + certificates.key.read_bytes())
    with pytest.raises(UsageError, match="must have an RSA private key"):
        azure_credential({**known, "ARM_CLIENT_CERTIFICATE_PATH": str(both)})
    with pytest.raises(UsageError, match="ARM_CLIENT_ID is not set"):
        azure_credential({"ARM_TENANT_ID": TENANT, "ARM_CLIENT_SECRET": SECRET})


def _rsa() -> bytes:
    """A certificate and its key as Entra wants them."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "deployer")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM) + secret


def test_claims_of_what_is_no_token() -> None:
    assert claims_of(jwt(upn="ann@example.org"))["upn"] == "ann@example.org"
    for text in ("", "a.b", "a.b.c", "a.!.c"):
        assert claims_of(text) == {}
