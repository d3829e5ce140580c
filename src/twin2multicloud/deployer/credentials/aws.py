"""AWS: who signs in, what the identity may do, which services the regions have, how many functions may run at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from botocore.exceptions import (  # type: ignore[import-untyped]
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)

from twin2multicloud.deployer.credentials.findings import CredentialFinding, Findings, Topic, listed
from twin2multicloud.deployer.credentials.needs import Needs, Permission, reasons
from twin2multicloud.model.slots import Provider
from twin2multicloud.runtime.adapters.aws.clients import code_of

PER_REQUEST: Final = 50
"""Actions that are simulated at once."""
UNRESERVED: Final = 100
"""Lambda never lets an account reserve the last hundred of its concurrency.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
"""
SIGN_IN: Final = (
    "sign in with `aws configure` or `aws sso login`, or set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and "
    "(for temporary ones) AWS_SESSION_TOKEN, or AWS_PROFILE"
)
_EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
_INVALID: Final = frozenset({"InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException"})

_ANY_REGION: Final = "us-east-1"
_SERVICES: Final = {"elasticfilesystem": "efs", "elasticloadbalancing": "elbv2", "states": "stepfunctions"}
"""IAM's prefixes of services that the SDK calls otherwise."""

Session = Any
"""A `boto3.session.Session`: made by whoever calls, so that profile and endpoints are the person's."""


def check_aws(needs: Needs, session_of: Callable[[str], Session]) -> list[CredentialFinding]:
    """What is found at AWS. `session_of` makes a session for a region; what it raises itself is a finding, too."""
    findings = Findings(Provider.AWS)
    # Without a twin nothing is needed anywhere, and whoever signs in does so everywhere.
    region = needs.regions[0] if needs.regions else _ANY_REGION
    try:
        session = session_of(region)
        caller = session.client("sts").get_caller_identity()
    except (NoCredentialsError, PartialCredentialsError, ProfileNotFound) as error:
        findings.missing(Topic.IDENTITY, f"there are no credentials: {error}", SIGN_IN)
        return findings.all
    except ClientError as error:
        _refused(findings, error)
        return findings.all
    except BotoCoreError as error:
        _unreachable(findings, error)
        return findings.all
    findings.ok(Topic.IDENTITY, f"{caller['Arn']} of account {caller['Account']}", (str(caller["Account"]),))
    if needs.permissions:
        _permissions(findings, needs.permissions, session, str(caller["Arn"]))
    for each in needs.regions:
        _services(findings, needs.permissions, session, each)
        _concurrency(findings, needs, session_of(each), each)
    return findings.all


def principal_of(arn: str, role_arn: Callable[[str], str | None]) -> str:
    """The identity whose policies count: of an assumed role the role. `role_arn` looks up a role's ARN by its name,
    for its path is not in the session's; None if that is not allowed.
    """
    head, _, tail = arn.partition(":assumed-role/")
    if not tail:
        return arn
    role = tail.split("/", 1)[0]
    account, partition = head.rsplit(":", 1)[1], head.split(":")[1]
    return role_arn(role) or f"arn:{partition}:iam::{account}:role/{role}"


def example(resource: str, arn: str) -> str:
    """A resource that a pattern of a policy means, in the partition and account of the caller's `arn`: the simulator
    takes whole names only.
    """
    if resource == "*":
        return resource
    parts = resource.split(":", 5)
    own = arn.split(":")
    if len(parts) == 6:
        parts[1] = own[1] if parts[1] == "*" else parts[1]
        parts[4] = own[4] if parts[4] == "*" else parts[4]
    return ":".join(part.replace("*", "example") for part in parts)


def _permissions(findings: Findings, wanted: Sequence[Permission], session: Session, arn: str) -> None:
    if arn.endswith(":root"):
        findings.unknown(
            Topic.PERMISSIONS,
            "the account's root user may do everything",
            "create a user or role for deploying (`twin2multicloud policies aws` has its policy)",
        )
        return
    iam = session.client("iam")

    def role_arn(name: str) -> str | None:
        try:
            return str(iam.get_role(RoleName=name)["Role"]["Arn"])
        except (ClientError, BotoCoreError):
            return None

    source = principal_of(arn, role_arn)
    denied: list[Permission] = []
    organisation: list[str] = []
    depending: list[str] = []
    try:
        for batch, resource in _batches(wanted):
            by_action = {permission.action: permission for permission in batch}
            for result in _simulated(iam, source, list(by_action), example(resource, arn)):
                if result["EvalDecision"] == "implicitDeny" and result.get("MissingContextValues"):
                    depending.append(result["EvalActionName"])
                elif result["EvalDecision"] != "allowed":
                    denied.append(by_action[result["EvalActionName"]])
                    if not result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations", True):
                        organisation.append(result["EvalActionName"])
    except ClientError as error:
        code = code_of(error)
        findings.unknown(
            Topic.PERMISSIONS,
            f"what {source} may do cannot be asked: {code}",
            "allow it iam:SimulatePrincipalPolicy and iam:GetRole on itself, or go on and see",
        )
        return
    except BotoCoreError as error:
        findings.unknown(Topic.PERMISSIONS, f"IAM does not answer: {error}")
        return
    if organisation:
        findings.missing(
            Topic.PERMISSIONS,
            f"the organisation forbids {listed(organisation)}",
            "ask whoever looks after the organisation's service control policies",
            organisation,
        )
    lacking = [permission for permission in denied if permission.action not in organisation]
    if lacking:
        names = [permission.action for permission in lacking]
        findings.missing(
            Topic.PERMISSIONS,
            f"{source} lacks {listed(names)}{reasons(lacking)}",
            "give it the policy that `twin2multicloud policies aws` prints",
            names,
        )
    elif not denied:
        findings.ok(Topic.PERMISSIONS, f"all {len(wanted) - len(depending)} permissions are there")
    if depending:
        findings.unknown(
            Topic.PERMISSIONS, f"it depends on conditions whether it may {listed(depending)}", "", depending
        )


def _simulated(iam: Any, source: str, actions: list[str], resource: str) -> Iterator[dict[str, Any]]:
    request: dict[str, Any] = {"PolicySourceArn": source, "ActionNames": actions, "ResourceArns": [resource]}
    while True:
        page = iam.simulate_principal_policy(**request)
        yield from page["EvaluationResults"]
        if not page.get("IsTruncated"):
            return
        request["Marker"] = page["Marker"]


def _batches(wanted: Iterable[Permission]) -> Iterator[tuple[list[Permission], str]]:
    by_resource: dict[str, list[Permission]] = {}
    for permission in wanted:
        by_resource.setdefault(permission.resource, []).append(permission)
    for resource, permissions in by_resource.items():
        left = iter(permissions)
        while batch := list(islice(left, PER_REQUEST)):
            yield batch, resource


def _services(findings: Findings, wanted: Iterable[Permission], session: Session, region: str) -> None:
    """Which services a region has, as this version of the SDK knows."""
    names = dict.fromkeys(permission.action.split(":", 1)[0] for permission in wanted)
    partition = str(session.get_partition_for_region(region))
    known = set(session.get_available_services())
    absent = []
    for prefix in names:
        service = _SERVICES.get(prefix, prefix)
        regions = session.get_available_regions(service, partition) if service in known else []
        # A service without regions, such as IAM, is there for all of them.
        if regions and region not in regions:
            absent.append(prefix)
    if absent:
        findings.missing(
            Topic.SERVICES,
            f"{region} has no {listed(absent)}",
            "place these slots in another region (the SDK's list may be older than the region: update boto3)",
            absent,
        )
    else:
        findings.ok(Topic.SERVICES, f"{region} has all {len(names)} services")


def _concurrency(findings: Findings, needs: Needs, session: Session, region: str) -> None:
    if not needs.functions:
        return
    try:
        limits = session.client("lambda").get_account_settings()["AccountLimit"]
        most, free = int(limits["ConcurrentExecutions"]), int(limits["UnreservedConcurrentExecutions"])
    except (ClientError, BotoCoreError, KeyError) as error:
        told = code_of(error) if isinstance(error, ClientError) else type(error).__name__
        findings.unknown(Topic.QUOTAS, f"{region}: how many functions may run at once cannot be asked: {told}")
        return
    wanted = UNRESERVED + needs.movers
    if free < wanted:
        findings.missing(
            Topic.QUOTAS,
            f"{region}: {most} functions may run at once, {free} of them unreserved; {wanted} are needed",
            "ask for more at Service Quotas: AWS Lambda, Concurrent executions (L-B99A9384); new accounts have 10",
            ("L-B99A9384",),
        )
    else:
        findings.ok(Topic.QUOTAS, f"{region}: {free} functions may run at once")


def _refused(findings: Findings, error: ClientError) -> None:
    code = code_of(error)
    if code in _EXPIRED:
        findings.missing(Topic.IDENTITY, "the credentials have expired", SIGN_IN)
    elif code in _INVALID:
        findings.missing(Topic.IDENTITY, f"AWS does not know the credentials ({code})", SIGN_IN)
    else:
        findings.missing(Topic.IDENTITY, f"AWS does not say who this is: {code}", SIGN_IN)


def _unreachable(findings: Findings, error: BotoCoreError) -> None:
    if isinstance(error, EndpointConnectionError):
        findings.unknown(Topic.IDENTITY, f"AWS cannot be reached: {error}", "look after the network or the proxy")
    else:
        # Single sign-on sessions and helpers of a profile fail in ways of their own.
        findings.missing(Topic.IDENTITY, f"the credentials cannot be used: {error}", SIGN_IN)
