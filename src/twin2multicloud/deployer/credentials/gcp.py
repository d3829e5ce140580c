"""Google Cloud: who signs in, what the identity may do in the project, which APIs are on, which regions they have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import requests
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, RefreshError, TransportError
from google.auth.transport.requests import AuthorizedSession, Request

from twin2multicloud.deployer.credentials.findings import CredentialFinding, Findings, Topic, gist, listed
from twin2multicloud.deployer.credentials.gcp_sign_in import Credentials
from twin2multicloud.deployer.credentials.needs import Needs, Permission, reasons
from twin2multicloud.deployer.deployment import OFFLINE_PROJECT
from twin2multicloud.model.slots import Provider

PER_REQUEST: Final = 100
"""Permissions that are tested at once."""
APIS_PER_REQUEST: Final = 20
_TIMEOUT_S: Final = 30.0
SIGN_IN: Final = (
    "sign in with `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a file of "
    "credentials"
)

_APIS: Final[Mapping[str, tuple[str, ...]]] = {
    "bigtable": ("bigtableadmin", "bigtable"),
    "cloudfunctions": ("cloudfunctions", "cloudbuild"),
    "datastore": ("firestore",),
    "resourcemanager": ("cloudresourcemanager",),
    "budgets": ("billingbudgets",),
    "billing": ("cloudbilling",),
}
"""APIs of a permission's first word, where it is not the word itself."""

_LOCATIONS: Final[Mapping[str, str]] = {
    "cloudfunctions": "https://cloudfunctions.googleapis.com/v2/projects/{project}/locations",
    "cloudscheduler": "https://cloudscheduler.googleapis.com/v1/projects/{project}/locations",
    "artifactregistry": "https://artifactregistry.googleapis.com/v1/projects/{project}/locations",
    "firestore": "https://firestore.googleapis.com/v1/projects/{project}/locations",
    "run": "https://run.googleapis.com/v1/projects/{project}/locations",
}
"""Where an API says which regions it has; the others are global, or in all regions."""


@dataclass(frozen=True)
class Google:
    """Requests with somebody's credentials. `at` replaces the beginning of addresses, for stand-ins."""

    session: requests.Session
    at: Mapping[str, str] = field(default_factory=dict)

    def ask(self, method: str, url: str, body: Any = None, **query: Any) -> Any:
        """An answer's JSON; `GoogleError` for one that refuses. google-auth raises its own for the sign-in."""
        for host, other in self.at.items():
            url = url.replace(host, other)
        response = self.session.request(method, url, json=body, params=query or None, timeout=_TIMEOUT_S)
        try:
            answer = response.json() if response.content else {}
        except ValueError:
            answer = {}
        if response.status_code >= 300:
            told = answer.get("error") if isinstance(answer, dict) else None
            raise GoogleError(response.status_code, told if isinstance(told, dict) else {})
        return answer


class GoogleError(Exception):
    """What an API said instead of an answer."""

    def __init__(self, status: int, told: Mapping[str, Any]) -> None:
        super().__init__(f"{told.get('status') or status}: {str(told.get('message', ''))[:300]}".rstrip(": "))
        self.status = status


def check_gcp(
    needs: Needs, sign_in: Callable[[], Credentials], at: Mapping[str, str] | None = None
) -> list[CredentialFinding]:
    """What is found at Google Cloud. `sign_in` gives the credentials; what it raises is a finding, too."""
    findings = Findings(Provider.GCP)
    project = needs.accounts.gcp_project
    try:
        credentials = sign_in()
        if not credentials.valid:
            credentials.refresh(Request())
        google = Google(AuthorizedSession(credentials), at or {})  # type: ignore[no-untyped-call]
        _identity(findings, google, credentials)
        if _project(findings, google, project):
            _permissions(findings, needs.permissions, google, project)
            apis = _apis_of(needs.permissions)
            enabled = _apis(findings, apis, google, project)
            _regions(findings, [api for api in apis if api in enabled], needs.regions, google, project)
            _accounts(findings, needs, google, project)
    except DefaultCredentialsError as error:
        findings.missing(Topic.IDENTITY, f"there are no credentials: {gist(error)}", SIGN_IN)
    except RefreshError as error:
        findings.missing(Topic.IDENTITY, f"the credentials have expired or were withdrawn: {gist(error)}", SIGN_IN)
    except (TransportError, requests.RequestException) as error:
        findings.unknown(
            Topic.IDENTITY, f"Google cannot be reached: {type(error).__name__}", "look after the network or the proxy"
        )
    except GoogleAuthError as error:
        findings.missing(Topic.IDENTITY, f"the credentials cannot be used: {gist(error)}", SIGN_IN)
    return findings.all


def _identity(findings: Findings, google: Google, credentials: Credentials) -> None:
    who = str(getattr(credentials, "service_account_email", "") or getattr(credentials, "signer_email", "") or "")
    if not who or who == "default":
        try:
            who = str(google.ask("GET", "https://openidconnect.googleapis.com/v1/userinfo").get("email", ""))
        except GoogleError:
            who = ""  # credentials of a machine, or without the scope to say so
    findings.ok(Topic.IDENTITY, who or "credentials that do not say whose they are")


def _project(findings: Findings, google: Google, project: str) -> bool:
    if project == OFFLINE_PROJECT:
        findings.missing(Topic.IDENTITY, "no project was named", "set --gcp-project")
        return False
    try:
        found = google.ask("GET", f"https://cloudresourcemanager.googleapis.com/v3/projects/{project}")
    except GoogleError as error:
        if error.status in (401, 403, 404):
            findings.missing(
                Topic.IDENTITY,
                f"project {project} is not to be seen: {error}",
                "name a project of yours (`gcloud projects list`), have the identity given a role in it, and have "
                "the Cloud Resource Manager API switched on",
            )
        else:
            findings.unknown(Topic.IDENTITY, f"the Resource Manager does not answer: {error}")
        return False
    if found.get("state") != "ACTIVE":
        findings.missing(Topic.IDENTITY, f"project {project} is {found.get('state')}", "restore it or name another")
        return False
    findings.ok(Topic.IDENTITY, f"project {project}", (project,))
    _billing(findings, google, project)
    return True


def _billing(findings: Findings, google: Google, project: str) -> None:
    try:
        billed = google.ask("GET", f"https://cloudbilling.googleapis.com/v1/projects/{project}/billingInfo")
    except GoogleError as error:
        findings.unknown(Topic.IDENTITY, f"whether {project} has a billing account cannot be asked: {error}")
        return
    if not billed.get("billingEnabled"):
        findings.missing(
            Topic.IDENTITY, f"project {project} has no billing account", "link one in the console: Billing"
        )


# ── Permissions ─────────────────────────────────────────────────────────────────────────────────────────────
def _permissions(findings: Findings, wanted: Sequence[Permission], google: Google, project: str) -> None:
    url = f"https://cloudresourcemanager.googleapis.com/v3/projects/{project}:testIamPermissions"
    granted: set[str] = set()
    untestable: set[str] = set()

    def test(names: list[str]) -> None:
        """A request with a permission that a project does not know is refused whole: halve it until that is found."""
        try:
            granted.update(google.ask("POST", url, {"permissions": names}).get("permissions", ()))
        except GoogleError as error:
            if error.status != 400:
                raise
            if len(names) == 1:
                untestable.update(names)
                return
            test(names[: len(names) // 2])
            test(names[len(names) // 2 :])

    try:
        for batch in _batches([permission.action for permission in wanted], PER_REQUEST):
            test(batch)
    except GoogleError as error:
        findings.unknown(Topic.PERMISSIONS, f"what the identity may do cannot be asked: {error}", "go on and see")
        return
    lacking = [permission for permission in wanted if permission.action not in granted | untestable]
    if lacking:
        names = [permission.action for permission in lacking]
        findings.missing(
            Topic.PERMISSIONS,
            f"the identity lacks {listed(names)}{reasons(lacking)}",
            "give it the role that `twin2multicloud policies gcp` prints, in the project",
            names,
        )
    elif granted:
        findings.ok(Topic.PERMISSIONS, f"all {len(granted)} permissions are there")
    if untestable:
        names = sorted(untestable)
        findings.unknown(
            Topic.PERMISSIONS, f"a project does not tell about {listed(names)}", "they are of a parent's", names
        )


# ── APIs and regions ────────────────────────────────────────────────────────────────────────────────────────
def _apis_of(wanted: Iterable[Permission]) -> tuple[str, ...]:
    words = dict.fromkeys(permission.action.split(".", 1)[0] for permission in wanted)
    return tuple(dict.fromkeys(api for word in words for api in _APIS.get(word, (word,))))


def _apis(findings: Findings, apis: Sequence[str], google: Google, project: str) -> set[str]:
    """Which APIs are on. Terraform switches the others on, so that they stand in no way."""
    on: set[str] = set()
    url = f"https://serviceusage.googleapis.com/v1/projects/{project}/services:batchGet"
    try:
        for batch in _batches(list(apis), APIS_PER_REQUEST):
            names = [f"projects/{project}/services/{api}.googleapis.com" for api in batch]
            for service in google.ask("GET", url, names=names).get("services", ()):
                if service.get("state") == "ENABLED":
                    on.add(str(service["name"]).rpartition("/")[2].removesuffix(".googleapis.com"))
    except GoogleError as error:
        findings.unknown(
            Topic.SERVICES,
            f"which APIs are on cannot be asked: {error}",
            "have the identity given serviceusage.services.get, and the Service Usage API switched on",
        )
        return on
    off = [api for api in apis if api not in on]
    text = f"{len(on)} of {len(apis)} APIs are on"
    findings.ok(Topic.SERVICES, f"{text}; a deployment switches on {listed(off)}" if off else text, off)
    return on


def _regions(findings: Findings, apis: Iterable[str], regions: Sequence[str], google: Google, project: str) -> None:
    absent = []
    asked = 0
    for api in apis:
        if api not in _LOCATIONS:
            continue
        try:
            places = set(_locations(google, _LOCATIONS[api].replace("{project}", project)))
        except GoogleError as error:
            findings.unknown(Topic.SERVICES, f"the regions of {api} cannot be asked for: {error}")
            continue
        asked += 1
        absent += [f"{api} in {region}" for region in regions if region not in places]
    if absent:
        findings.missing(Topic.SERVICES, f"there is no {listed(absent)}", "place these slots elsewhere", absent)
    elif asked:
        findings.ok(Topic.SERVICES, f"{', '.join(regions)}: all {asked} services with regions are there")


def _locations(google: Google, url: str) -> Iterator[str]:
    query: dict[str, Any] = {}
    while True:
        page = google.ask("GET", url, **query)
        yield from (str(place["locationId"]) for place in page.get("locations", ()))
        if not page.get("nextPageToken"):
            return
        query = {"pageToken": page["nextPageToken"]}


# ── Quotas ──────────────────────────────────────────────────────────────────────────────────────────────────
def _accounts(findings: Findings, needs: Needs, google: Google, project: str) -> None:
    """Each function has a service account of its own, of which a project has a hundred at first."""
    if not needs.functions:
        return
    metric = "iam.googleapis.com%2Fquota%2Fservice-account-count"
    base = f"https://serviceusage.googleapis.com/v1beta1/projects/{project}/services/iam.googleapis.com"
    try:
        quota = google.ask("GET", f"{base}/consumerQuotaMetrics/{metric}")
        limits = [
            int(bucket["effectiveLimit"])
            for limit in quota.get("consumerQuotaLimits", ())
            for bucket in limit.get("quotaBuckets", ())
            if "effectiveLimit" in bucket
        ]
        used = sum(1 for _ in _service_accounts(google, project))
    except GoogleError as error:
        findings.unknown(Topic.QUOTAS, f"how many service accounts there may be cannot be asked: {error}")
        return
    most = min((limit for limit in limits if limit >= 0), default=-1)
    if most >= 0 and used + needs.functions > most:
        findings.missing(
            Topic.QUOTAS,
            f"the project has {used} of {most} service accounts, and {needs.functions} more are needed",
            "ask for more in the console: IAM and admin, Quotas, Service account count",
        )
    else:
        findings.ok(Topic.QUOTAS, f"there is room for {needs.functions} more service accounts")


def _service_accounts(google: Google, project: str) -> Iterator[Any]:
    query: dict[str, Any] = {"pageSize": 100}
    while True:
        page = google.ask("GET", f"https://iam.googleapis.com/v1/projects/{project}/serviceAccounts", **query)
        yield from page.get("accounts", ())
        if not page.get("nextPageToken"):
            return
        query["pageToken"] = page["nextPageToken"]


def _batches(names: list[str], most: int) -> Iterator[list[str]]:
    left = iter(names)
    while batch := list(islice(left, most)):
        yield batch
