"""Google credentials: google-auth itself against a fake of the token service and of the APIs that a check asks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.standins.azure.rig import serving
from twin2multicloud.deployer.credentials.findings import CredentialFinding, Topic, Verdict, sufficient
from twin2multicloud.deployer.credentials.gcp import check_gcp
from twin2multicloud.deployer.credentials.gcp_sign_in import google_credentials
from twin2multicloud.deployer.credentials.needs import Needs, Permission
from twin2multicloud.deployer.deployment import Accounts
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider

WANTED = (
    *(Permission(f"pubsub.topics.action{number}", why="google_pubsub_topic") for number in range(120)),
    Permission("cloudfunctions.functions.create", why="google_cloudfunctions2_function"),
    Permission("datastore.databases.create", why="google_firestore_database"),
)
ACCOUNTS = Accounts(gcp_project="twins")
NEEDS = Needs(Provider.GCP, ("europe-west1",), WANTED, ACCOUNTS, functions=4)
KEY = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
EMAIL = "deployer@twins.iam.gserviceaccount.com"
TOKEN = "token-of-the-deployer"


@dataclass
class FakeGoogle:
    """A FAKE of Google's token service and of five APIs, as far as a check asks them; an API's host is the first step
    of the path. It checks no signature of the assertion it is given."""

    port: int = 0
    token: tuple[int, dict[str, Any]] = (200, {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})
    project: dict[str, Any] = field(default_factory=lambda: {"name": "projects/1", "state": "ACTIVE"})
    billed: bool = True
    denied: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    off: set[str] = field(default_factory=set)
    regions: dict[str, list[str]] = field(default_factory=dict)
    accounts: int = 10
    most_accounts: int = 100
    refuse: dict[str, int] = field(default_factory=dict)
    """Status by the end of a path."""
    tested: list[int] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/token", self._token)
        app.router.add_route("*", "/{host}/{path:.*}", self._api)
        return app

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert str(form["grant_type"]).endswith("jwt-bearer")
        return web.json_response(self.token[1], status=self.token[0])

    async def _api(self, request: web.Request) -> web.Response:
        host, path = request.match_info["host"], request.match_info["path"]
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _error(401, "UNAUTHENTICATED")
        for end, status in self.refuse.items():
            if path.endswith(end):
                return _error(status, "PERMISSION_DENIED")
        if path.endswith(":testIamPermissions"):
            names = (await request.json())["permissions"]
            self.tested.append(len(names))
            if len(names) > 100 or self.unknown.intersection(names):
                return _error(400, "INVALID_ARGUMENT")
            return web.json_response({"permissions": [name for name in names if name not in self.denied]})
        if path.endswith("/billingInfo"):
            return web.json_response({"billingEnabled": self.billed})
        if path.endswith("services:batchGet"):
            names = request.query.getall("names")
            if len(names) > 20:
                return _error(400, "INVALID_ARGUMENT")
            states = [(name, "DISABLED" if name.rpartition("/")[2] in self.off else "ENABLED") for name in names]
            return web.json_response({"services": [{"name": name, "state": state} for name, state in states]})
        if path.endswith("/locations"):
            places = self.regions.get(host, ["us-central1", "europe-west1"])
            return _paged(request, "locations", [{"locationId": place} for place in places], 1)
        if path.endswith("service-account-count"):
            bucket = {"effectiveLimit": str(self.most_accounts)}
            return web.json_response({"consumerQuotaLimits": [{"quotaBuckets": [bucket]}]})
        if path.endswith("/serviceAccounts"):
            return _paged(request, "accounts", [{"email": f"a{n}"} for n in range(self.accounts)], 7)
        if path == "v3/projects/twins":
            return web.json_response(self.project)
        return _error(403, "PERMISSION_DENIED")

    def service_account(self) -> dict[str, str]:
        return {
            "type": "service_account",
            "project_id": "twins",
            "private_key_id": "1",
            "private_key": KEY,
            "client_email": EMAIL,
            "client_id": "1",
            "token_uri": f"http://127.0.0.1:{self.port}/token",
        }


def _error(status: int, name: str) -> web.Response:
    return web.json_response({"error": {"code": status, "status": name, "message": "by the fake"}}, status=status)


def _paged(request: web.Request, name: str, items: list[Any], size: int) -> web.Response:
    first = int(request.query.get("pageToken", 0))
    body: dict[str, Any] = {name: items[first : first + size]}
    if first + size < len(items):
        body["nextPageToken"] = str(first + size)
    return web.json_response(body)


@pytest.fixture
def google() -> Iterator[FakeGoogle]:
    fake = FakeGoogle()
    with serving(fake.app()) as (_loop, fake.port):
        yield fake


def check(fake: FakeGoogle, needs: Needs = NEEDS) -> list[CredentialFinding]:
    environment = {"GOOGLE_CREDENTIALS": json.dumps(fake.service_account())}
    at = {"https://": f"http://127.0.0.1:{fake.port}/"}
    return check_gcp(needs, lambda: google_credentials(environment), at)


def of(findings: list[CredentialFinding], topic: Topic) -> list[CredentialFinding]:
    return [finding for finding in findings if finding.topic is topic]


def test_an_identity_with_all_rights_passes(google: FakeGoogle) -> None:
    findings = check(google)
    assert sufficient(findings)
    assert [finding.text for finding in of(findings, Topic.IDENTITY)] == [EMAIL, "project twins"]
    assert [finding.text for finding in of(findings, Topic.PERMISSIONS)] == ["all 122 permissions are there"]
    apis, regions = of(findings, Topic.SERVICES)
    assert apis.text == "4 of 4 APIs are on"
    assert regions.text == "europe-west1: all 2 services with regions are there"
    assert of(findings, Topic.QUOTAS)[0].text == "there is room for 4 more service accounts"
    assert google.tested == [100, 22]


def test_nothing_secret_is_in_any_finding(google: FakeGoogle) -> None:
    shown = repr(check(google))
    google.token = 401, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
    shown += repr(check(google))
    assert TOKEN not in shown
    assert KEY.splitlines()[1] not in shown


def test_missing_permissions_are_named_with_what_they_are_for(google: FakeGoogle) -> None:
    google.denied = {"datastore.databases.create", "pubsub.topics.action7"}
    (finding,) = of(check(google), Topic.PERMISSIONS)
    assert (finding.verdict, set(finding.names)) == (Verdict.MISSING, google.denied)
    assert "(needed for google_pubsub_topic, google_firestore_database)" in finding.text
    assert "twin2multicloud policies gcp" in finding.remedy


def test_a_permission_that_projects_do_not_know_spoils_no_other(google: FakeGoogle) -> None:
    google.unknown = {"pubsub.topics.action3"}
    google.denied = {"pubsub.topics.action4"}
    lacking, unknown = of(check(google), Topic.PERMISSIONS)
    assert lacking.names == ("pubsub.topics.action4",)
    assert (unknown.verdict, unknown.names) == (Verdict.UNKNOWN, ("pubsub.topics.action3",))


def test_apis_that_are_off_are_switched_on_by_the_deployment(google: FakeGoogle) -> None:
    google.off = {"firestore.googleapis.com"}
    findings = check(google)
    apis, regions = of(findings, Topic.SERVICES)
    assert (apis.verdict, apis.names) == (Verdict.OK, ("firestore",))
    assert regions.text == "europe-west1: all 1 services with regions are there"


def test_a_region_without_a_service_is_named(google: FakeGoogle) -> None:
    google.regions["cloudfunctions.googleapis.com"] = ["us-central1"]
    finding = of(check(google), Topic.SERVICES)[-1]
    assert (finding.verdict, finding.names) == (Verdict.MISSING, ("cloudfunctions in europe-west1",))


@pytest.mark.parametrize(("there", "verdict"), [(96, Verdict.OK), (97, Verdict.MISSING)])
def test_there_must_be_room_for_a_service_account_per_function(
    google: FakeGoogle, there: int, verdict: Verdict
) -> None:
    google.accounts = there
    assert of(check(google), Topic.QUOTAS)[0].verdict is verdict


def test_expired_credentials_have_a_finding_of_their_own(google: FakeGoogle) -> None:
    google.token = 400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
    (finding,) = check(google)
    assert finding.text.startswith("the credentials have expired or were withdrawn")
    assert (finding.verdict, "gcloud auth application-default login" in finding.remedy) == (Verdict.MISSING, True)


def test_absent_credentials_have_a_finding_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CREDENTIALS", "GOOGLE_OAUTH_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    (finding,) = check_gcp(NEEDS, lambda: google_credentials({}))
    assert finding.text.startswith("there are no credentials")
    assert finding.verdict is Verdict.MISSING


def test_a_project_that_is_not_ones_own_is_named(google: FakeGoogle) -> None:
    other = Needs(Provider.GCP, ("europe-west1",), WANTED, Accounts(gcp_project="others"))
    assert "project others is not to be seen: PERMISSION_DENIED" in check(google, other)[-1].text
    assert check(google, Needs(Provider.GCP, ("europe-west1",), WANTED))[-1].text == "no project was named"
    google.project["state"] = "DELETE_REQUESTED"
    assert check(google)[-1].text == "project twins is DELETE_REQUESTED"


def test_a_project_without_a_bill_deploys_nothing(google: FakeGoogle) -> None:
    google.billed = False
    finding = of(check(google), Topic.IDENTITY)[-1]
    assert (finding.verdict, finding.text) == (Verdict.MISSING, "project twins has no billing account")


def test_what_may_not_be_asked_is_unknown(google: FakeGoogle) -> None:
    google.refuse = {":testIamPermissions": 403, ":batchGet": 403, "billingInfo": 403, "serviceAccounts": 403}
    findings = check(google)
    assert sufficient(findings)
    assert {finding.verdict for finding in findings if finding.topic is not Topic.IDENTITY} == {Verdict.UNKNOWN}


def test_a_cloud_that_cannot_be_reached_is_no_lack_of_rights(google: FakeGoogle) -> None:
    account = google.service_account() | {"token_uri": "http://127.0.0.1:9/token"}
    (finding,) = check_gcp(NEEDS, lambda: google_credentials({"GOOGLE_CREDENTIALS": json.dumps(account)}))
    assert (finding.verdict, finding.topic) == (Verdict.UNKNOWN, Topic.IDENTITY)


def test_the_variables_of_terraform_sign_in_here_too(google: FakeGoogle, tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps(google.service_account()))
    for environment in ({"GOOGLE_CREDENTIALS": str(file)}, {"GOOGLE_APPLICATION_CREDENTIALS": str(file)}):
        assert google_credentials(environment).service_account_email == EMAIL
    assert google_credentials({"GOOGLE_OAUTH_ACCESS_TOKEN": TOKEN}).token == TOKEN
    impersonated = google_credentials(
        {"GOOGLE_CREDENTIALS": str(file), "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT": "other@twins.iam.gserviceaccount.com"}
    )
    assert impersonated.service_account_email == "other@twins.iam.gserviceaccount.com"
    for bad in ("{", str(tmp_path / "none"), json.dumps({"type": "service_account"})):
        with pytest.raises(UsageError, match="GOOGLE_CREDENTIALS"):
            google_credentials({"GOOGLE_CREDENTIALS": bad})
