"""Azure: who signs in, what the identity may do on the subscription, which resource types its regions have."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
from azure.core.exceptions import AzureError, ClientAuthenticationError

from twin2multicloud.deployer.credentials.arm import MANAGEMENT, Arm, ArmError
from twin2multicloud.deployer.credentials.findings import CredentialFinding, Findings, Topic, gist, listed
from twin2multicloud.deployer.credentials.needs import Needs, Permission, reasons
from twin2multicloud.deployer.deployment import OFFLINE_SUBSCRIPTION
from twin2multicloud.model.slots import Provider

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

SIGN_IN: Final = (
    "sign in with `az login`, or set ARM_TENANT_ID, ARM_CLIENT_ID and ARM_CLIENT_SECRET "
    + "(or ARM_CLIENT_CERTIFICATE_PATH)"
)
_VERSIONS: Final = {
    "subscription": "2022-12-01",
    "permissions": "2022-04-01",
    "providers": "2021-04-01",
    "devices": "2023-06-30",
    "containers": "2024-03-01",
}
_EXPIRED: Final = ("AADSTS700082", "AADSTS50173", "AADSTS7000222", "AADSTS70043", "expired")
"""Entra's codes for refresh tokens and secrets that are too old."""


def check_azure(needs: Needs, credential: TokenCredential, arm: Arm) -> list[CredentialFinding]:
    """What is found at Azure."""
    findings = Findings(Provider.AZURE)
    subscription = needs.accounts.azure_subscription
    if not _identity(findings, credential) or not _subscription(findings, arm, subscription):
        return findings.all
    roles = _permissions(findings, needs.permissions, arm, subscription)
    _types(findings, needs, arm, subscription, roles)
    _quotas(findings, needs, arm, subscription)
    return findings.all


def claims_of(token: str) -> dict[str, Any]:
    """What a token says about its owner (it is Azure that verifies it); empty for one that is no JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        content = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        found: dict[str, Any] = msgspec.json.decode(content, type=dict[str, Any])
    except (ValueError, msgspec.DecodeError):
        return {}
    return found


def _identity(findings: Findings, credential: TokenCredential) -> bool:
    from azure.identity import CredentialUnavailableError

    try:
        token = credential.get_token(f"{MANAGEMENT}/.default").token
    except CredentialUnavailableError as error:
        findings.missing(Topic.IDENTITY, f"there are no credentials: {gist(error)}", SIGN_IN)
        return False
    except ClientAuthenticationError as error:
        expired = any(mark in str(error) for mark in _EXPIRED)
        text = "the credentials have expired" if expired else f"Azure does not take the credentials: {gist(error)}"
        findings.missing(Topic.IDENTITY, text, SIGN_IN)
        return False
    except AzureError as error:
        findings.unknown(
            Topic.IDENTITY, f"Entra cannot be reached: {gist(error)}", "look after the network or the proxy"
        )
        return False
    claims = claims_of(token)
    who = next(
        (str(claims[name]) for name in ("upn", "unique_name", "app_displayname", "appid") if claims.get(name)), ""
    )
    findings.ok(Topic.IDENTITY, f"{who or 'somebody'} of tenant {claims.get('tid', 'unknown')}")
    return True


def _subscription(findings: Findings, arm: Arm, subscription: str) -> bool:
    if subscription == OFFLINE_SUBSCRIPTION:
        findings.missing(
            Topic.IDENTITY, "no subscription was named", "set --azure-subscription, or ARM_SUBSCRIPTION_ID"
        )
        return False
    try:
        found = arm.get(f"/subscriptions/{subscription}", _VERSIONS["subscription"])
    except ArmError as error:
        if error.status in (401, 403, 404):
            findings.missing(
                Topic.IDENTITY,
                f"subscription {subscription} is not to be seen: {error}",
                "name a subscription of this tenant (`az account list`), or have the identity given a role on it",
            )
        else:
            findings.unknown(Topic.IDENTITY, f"the Resource Manager does not answer: {error}")
        return False
    state = str(found.get("state", ""))
    if state != "Enabled":
        findings.missing(
            Topic.IDENTITY,
            f"subscription {found.get('displayName', subscription)} is {state.lower()}",
            "look after its payment in the Azure portal",
        )
        return False
    findings.ok(Topic.IDENTITY, f"subscription {found.get('displayName', subscription)}", (subscription,))
    return True


# ── Permissions ─────────────────────────────────────────────────────────────────────────────────────────────
def allowed(action: str, roles: Iterable[Mapping[str, Sequence[str]]], *, data: bool = False) -> bool:
    """Whether any role allows an action: it is among a role's actions and not among the exceptions of the same role.
    https://learn.microsoft.com/azure/role-based-access-control/role-definitions
    """
    these, others = ("dataActions", "notDataActions") if data else ("actions", "notActions")
    return any(
        _any_matches(role.get(these) or (), action) and not _any_matches(role.get(others) or (), action)
        for role in roles
    )


def _any_matches(patterns: Iterable[str], action: str) -> bool:
    return any(
        re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), action, flags=re.IGNORECASE) for pattern in patterns
    )


def _permissions(findings: Findings, wanted: Sequence[Permission], arm: Arm, subscription: str) -> list[Any]:
    """The roles of the identity on the subscription; none where they cannot be asked for."""
    path = f"/subscriptions/{subscription}/providers/Microsoft.Authorization/permissions"
    try:
        roles = list(arm.all(path, _VERSIONS["permissions"]))
    except ArmError as error:
        findings.unknown(Topic.PERMISSIONS, f"what the identity may do cannot be asked: {error}", "go on and see")
        return []
    lacking = [permission for permission in wanted if not allowed(permission.action, roles, data=permission.data)]
    if lacking:
        names = [permission.action for permission in lacking]
        findings.missing(
            Topic.PERMISSIONS,
            f"the identity lacks {listed(names)}{reasons(lacking)}",
            "give it the role that `twin2multicloud policies azure` prints, on the subscription",
            names,
        )
    else:
        findings.ok(Topic.PERMISSIONS, f"all {len(wanted)} permissions are there (deny assignments are not to be seen)")
    return roles


# ── Services ────────────────────────────────────────────────────────────────────────────────────────────────
def _wanted_types(wanted: Iterable[Permission]) -> dict[str, set[str]]:
    """Resource types by namespace, of the actions that create something: the first level, which has the locations."""
    found: dict[str, set[str]] = {}
    for permission in wanted:
        parts = permission.action.split("/")
        if (
            len(parts) >= 3
            and parts[-1] == "write"
            and parts[0] not in ("Microsoft.Authorization", "Microsoft.Resources")
        ):
            found.setdefault(parts[0], set()).add(parts[1])
    return found


def _types(findings: Findings, needs: Needs, arm: Arm, subscription: str, roles: list[Any]) -> None:
    absent: list[str] = []
    unregistered: list[str] = []
    wanted = _wanted_types(needs.permissions)
    for namespace, types in sorted(wanted.items()):
        try:
            found = arm.get(f"/subscriptions/{subscription}/providers/{namespace}", _VERSIONS["providers"])
        except ArmError as error:
            findings.unknown(Topic.SERVICES, f"{namespace} cannot be asked about: {error}")
            continue
        # Terraform's provider registers what is not, where it is allowed to.
        if found.get("registrationState") != "Registered" and not allowed(f"{namespace}/register/action", roles):
            unregistered.append(namespace)
        locations = {
            str(kind["resourceType"]).lower(): {_region(place) for place in kind.get("locations", ())}
            for kind in found.get("resourceTypes", ())
        }
        for kind in sorted(types):
            places = locations.get(kind.lower())
            # A type without locations is there for all regions at once.
            absent += [f"{namespace}/{kind} in {region}" for region in needs.regions if places and region not in places]
    if unregistered:
        findings.missing(
            Topic.SERVICES,
            f"the subscription has not registered {listed(unregistered)}",
            "register each with `az provider register --namespace NAME`, or have the identity allowed register/action",
            unregistered,
        )
    if absent:
        findings.missing(Topic.SERVICES, f"there is no {listed(absent)}", "place these slots elsewhere", absent)
    if wanted and not absent and not unregistered:
        findings.ok(Topic.SERVICES, f"{', '.join(needs.regions)}: all {len(wanted)} services are there and registered")


def _region(location: object) -> str:
    """`West Europe` as `westeurope`."""
    return str(location).replace(" ", "").lower()


# ── Quotas ──────────────────────────────────────────────────────────────────────────────────────────────────
def _quotas(findings: Findings, needs: Needs, arm: Arm, subscription: str) -> None:
    namespaces = _wanted_types(needs.permissions)
    if "Microsoft.Devices" in namespaces:
        _usages(
            findings, arm, f"/subscriptions/{subscription}/providers/Microsoft.Devices/usages", "devices", "IoT Hub"
        )
    if "Microsoft.App" in namespaces:
        for region in needs.regions:
            path = f"/subscriptions/{subscription}/providers/Microsoft.App/locations/{region}/usages"
            _usages(findings, arm, path, "containers", f"Container Apps in {region}")


def _usages(findings: Findings, arm: Arm, path: str, version: str, what: str) -> None:
    """Quotas that are used up. Which of them a plan draws on, their names tell a person."""
    try:
        usages = list(arm.all(path, _VERSIONS[version]))
    except ArmError as error:
        findings.unknown(Topic.QUOTAS, f"{what}: quotas cannot be asked about: {error}")
        return
    full = [
        f"{_usage_name(usage)} ({usage['currentValue']:g} of {usage['limit']:g})"
        for usage in usages
        if usage.get("limit", -1) >= 0 and usage.get("currentValue", 0) >= usage["limit"] > 0
    ]
    if full:
        findings.missing(
            Topic.QUOTAS, f"{what}: used up are {listed(full)}", "ask for more in the portal under Quotas", full
        )
    else:
        findings.ok(Topic.QUOTAS, f"{what}: no quota is used up")


def _usage_name(usage: Mapping[str, Any]) -> str:
    name = usage.get("name")
    return str(name.get("localizedValue") or name.get("value")) if isinstance(name, Mapping) else str(name)
