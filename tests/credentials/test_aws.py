"""AWS credentials, checked on ministack (STS, IAM with its policy simulator, Lambda), and on a small fake of what that
never says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from aiohttp import web

from tests.contracts.base import unique
from tests.standins.aws.server import REGION, EndpointSession, Ministack, ministack
from tests.standins.azure.rig import serving
from twin2multicloud.deployer.credentials.aws import check_aws, example, principal_of
from twin2multicloud.deployer.credentials.findings import CredentialFinding, Topic, Verdict, sufficient
from twin2multicloud.deployer.credentials.needs import Needs, Permission
from twin2multicloud.model.slots import Provider

WANTED = (
    Permission("lambda:CreateFunction", why="aws_lambda_function"),
    Permission("lambda:DeleteFunction", why="aws_lambda_function"),
    Permission("dynamodb:CreateTable", why="aws_dynamodb_table"),
    Permission("iam:PassRole", why="aws_lambda_function"),
    *(Permission(f"sqs:Action{number}", why="aws_sqs_queue") for number in range(60)),
)
NEEDS = Needs(Provider.AWS, (REGION,), WANTED, functions=3, movers=2)


@pytest.fixture(scope="module")
def server() -> Ministack:
    return ministack(auth=True)


def user(server: Ministack, *statements: dict[str, Any]) -> Any:
    """A session of a new user with these rights."""
    iam = server.clients.get("iam")
    name = unique("deployer")
    iam.create_user(UserName=name)
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    iam.put_user_policy(UserName=name, PolicyName="deploy", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return server.session(key["AccessKeyId"], key["SecretAccessKey"])


def allow(*actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*"}


def of(findings: list[CredentialFinding], topic: Topic) -> CredentialFinding:
    (found,) = (finding for finding in findings if finding.topic is topic)
    return found


ASKING = ("sts:GetCallerIdentity", "iam:SimulatePrincipalPolicy", "iam:GetRole", "lambda:GetAccountSettings")


def test_an_identity_with_all_rights_passes(server: Ministack) -> None:
    session = user(server, allow(*ASKING, "lambda:*", "dynamodb:*", "iam:PassRole", "sqs:*"))
    findings = check_aws(NEEDS, lambda _region: session)
    assert sufficient(findings)
    assert "user/deployer" in of(findings, Topic.IDENTITY).text
    assert of(findings, Topic.PERMISSIONS).text == "all 64 permissions are there"
    assert of(findings, Topic.SERVICES).text == f"{REGION} has all 4 services"


def test_missing_permissions_are_named_with_what_they_are_for(server: Ministack) -> None:
    denied = {"Effect": "Deny", "Action": "lambda:DeleteFunction", "Resource": "*"}
    session = user(server, allow(*ASKING, "lambda:*", "sqs:*"), denied)
    finding = of(check_aws(NEEDS, lambda _region: session), Topic.PERMISSIONS)
    assert finding.verdict is Verdict.MISSING
    assert set(finding.names) == {"lambda:DeleteFunction", "dynamodb:CreateTable", "iam:PassRole"}
    assert "(needed for aws_lambda_function, aws_dynamodb_table)" in finding.text
    assert "twin2multicloud policies aws" in finding.remedy


def test_who_may_not_ask_is_told_so(server: Ministack) -> None:
    session = user(server, allow("sts:GetCallerIdentity"))
    findings = check_aws(NEEDS, lambda _region: session)
    finding = of(findings, Topic.PERMISSIONS)
    assert (finding.verdict, "iam:SimulatePrincipalPolicy" in finding.remedy) == (Verdict.UNKNOWN, True)
    assert sufficient(findings)


def test_unknown_credentials_are_told_from_missing_ones(server: Ministack, monkeypatch: pytest.MonkeyPatch) -> None:
    (unknown,) = check_aws(NEEDS, lambda _region: server.session("AKIAUNKNOWN", "s3cret-of-nobody"))
    assert (unknown.topic, unknown.verdict) == (Topic.IDENTITY, Verdict.MISSING)
    assert "s3cret" not in repr(unknown)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    (none,) = check_aws(NEEDS, lambda region: boto3.session.Session(region_name=region))
    assert none.text.startswith("there are no credentials")
    assert "aws sso login" in none.remedy
    (profile,) = check_aws(NEEDS, lambda region: boto3.session.Session(profile_name="nobody", region_name=region))
    assert "nobody" in profile.text


def test_a_region_without_a_service_is_named(server: Ministack) -> None:
    session = user(server, allow(*ASKING, "iottwinmaker:*", "sqs:*"))
    needs = Needs(Provider.AWS, ("eu-north-1",), (Permission("iottwinmaker:CreateWorkspace"), Permission("sqs:Send")))
    finding = of(check_aws(needs, lambda _region: session), Topic.SERVICES)
    assert (finding.verdict, finding.names) == (Verdict.MISSING, ("iottwinmaker",))
    assert finding.text == "eu-north-1 has no iottwinmaker"


@pytest.mark.parametrize(
    ("arn", "known", "principal"),
    [
        ("arn:aws:iam::1:user/ann", None, "arn:aws:iam::1:user/ann"),
        ("arn:aws:sts::1:assumed-role/Deploy/session", None, "arn:aws:iam::1:role/Deploy"),
        ("arn:aws-cn:sts::1:assumed-role/D/s", "arn:aws-cn:iam::1:role/path/D", "arn:aws-cn:iam::1:role/path/D"),
    ],
)
def test_the_policies_of_an_assumed_role_are_those_of_the_role(arn: str, known: str | None, principal: str) -> None:
    assert principal_of(arn, lambda _name: known) == principal


# ── What ministack never says ───────────────────────────────────────────────────────────────────────────────
class FakeAws:
    """A FAKE of a few of AWS's answers, by action of the query protocol and by path. It checks no signature."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, str]] = {}
        self.asked: list[dict[str, str]] = []

    def app(self) -> web.Application:
        async def answer(request: web.Request) -> web.Response:
            form = {key: str(value) for key, value in (await request.post()).items()}
            self.asked.append(form)
            status, body = self.answers.get(form.get("Action") or request.path, (404, "{}"))
            kind = "text/xml" if body.startswith("<") else "application/json"
            return web.Response(status=status, text=body, content_type=kind)

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        return app


def error(code: str) -> str:
    return f"<ErrorResponse><Error><Code>{code}</Code><Message>by the fake</Message></Error></ErrorResponse>"


def identity(arn: str) -> tuple[int, str]:
    told = f"<Arn>{arn}</Arn><UserId>A</UserId><Account>123456789012</Account>"
    return (
        200,
        f"<GetCallerIdentityResponse><GetCallerIdentityResult>{told}</GetCallerIdentityResult></GetCallerIdentityResponse>",
    )


def simulated(members: str, marker: str = "") -> str:
    truncated = f"<IsTruncated>true</IsTruncated><Marker>{marker}</Marker>" if marker else ""
    return (
        "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult>"
        f"<EvaluationResults>{members}</EvaluationResults>{truncated}"
        "</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"
    )


def member(action: str, decision: str, organisation: bool = True) -> str:
    allowed = f"<AllowedByOrganizations>{str(organisation).lower()}</AllowedByOrganizations>"
    return (
        f"<member><EvalActionName>{action}</EvalActionName><EvalDecision>{decision}</EvalDecision>"
        f"<OrganizationsDecisionDetail>{allowed}</OrganizationsDecisionDetail></member>"
    )


@pytest.fixture
def fake() -> Iterator[tuple[FakeAws, Callable[[str], Any]]]:
    made = FakeAws()
    with serving(made.app()) as (_loop, port):
        session = EndpointSession(
            f"http://127.0.0.1:{port}",
            aws_access_key_id="AKIA",
            aws_secret_access_key="s3cret",
            region_name=REGION,
        )
        yield made, lambda _region: session


Fake = tuple[FakeAws, Callable[[str], Any]]
USER = identity("arn:aws:iam::123456789012:user/ann")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("ExpiredToken", "the credentials have expired"),
        ("InvalidClientTokenId", "AWS does not know the credentials"),
        ("AccessDenied", "AWS does not say who this is"),
    ],
)
def test_refused_credentials_have_a_finding_of_their_own(fake: Fake, code: str, told: str) -> None:
    fake[0].answers["GetCallerIdentity"] = 403, error(code)
    (finding,) = check_aws(NEEDS, fake[1])
    assert finding.text.startswith(told)
    assert (finding.verdict, "aws sso login" in finding.remedy) == (Verdict.MISSING, True)


def test_what_the_organisation_forbids_is_told_from_what_the_identity_lacks(fake: Fake) -> None:
    fake[0].answers["GetCallerIdentity"] = USER
    fake[0].answers["SimulatePrincipalPolicy"] = (
        200,
        simulated(
            member("lambda:CreateFunction", "implicitDeny", organisation=False)
            + member("dynamodb:CreateTable", "implicitDeny")
        ),
    )
    needs = Needs(Provider.AWS, (REGION,), WANTED[:3])
    first, second = (f for f in check_aws(needs, fake[1]) if f.topic is Topic.PERMISSIONS)
    assert (first.text, first.names) == ("the organisation forbids lambda:CreateFunction", ("lambda:CreateFunction",))
    assert second.names == ("dynamodb:CreateTable",)


def test_what_depends_on_conditions_is_unknown(fake: Fake) -> None:
    fake[0].answers["GetCallerIdentity"] = USER
    missing = "<MissingContextValues><member>iam:PassedToService</member></MissingContextValues>"
    passing = member("iam:PassRole", "implicitDeny").replace("</member>", missing + "</member>")
    fake[0].answers["SimulatePrincipalPolicy"] = 200, simulated(passing)
    found = [f for f in check_aws(Needs(Provider.AWS, (REGION,), WANTED[3:4]), fake[1]) if f.topic is Topic.PERMISSIONS]
    assert [(finding.verdict, finding.names) for finding in found] == [
        (Verdict.OK, ()),
        (Verdict.UNKNOWN, ("iam:PassRole",)),
    ]


def test_patterns_of_a_policy_become_names_in_ones_own_account() -> None:
    arn = "arn:aws-cn:iam::123456789012:user/ann"
    assert example("*", arn) == "*"
    assert example("arn:*:iam::*:role/house-*", arn) == "arn:aws-cn:iam::123456789012:role/house-example"
    assert example("arn:*:s3:::house-*", arn) == "arn:aws-cn:s3:::house-example"


def test_rights_on_names_of_ones_own_suffice(server: Ministack) -> None:
    """As the deployer's policy gives them."""
    own = {"Effect": "Allow", "Action": "sqs:CreateQueue", "Resource": f"arn:*:sqs:{REGION}:*:house-*"}
    session = user(server, allow(*ASKING), own)
    wanted = (
        Permission("sqs:CreateQueue", f"arn:*:sqs:{REGION}:*:house-*"),
        Permission("sqs:CreateQueue", f"arn:*:sqs:{REGION}:*:other-*", why="aws_sqs_queue"),
    )
    (finding,) = (
        f
        for f in check_aws(Needs(Provider.AWS, (REGION,), wanted), lambda _region: session)
        if f.topic is Topic.PERMISSIONS
    )
    assert finding.names == ("sqs:CreateQueue",)
    findings = check_aws(Needs(Provider.AWS, (REGION,), wanted[:1]), lambda _region: session)
    assert of(findings, Topic.PERMISSIONS).verdict is Verdict.OK


def test_fifty_actions_are_asked_about_at_once(fake: Fake) -> None:
    fake[0].answers["GetCallerIdentity"] = USER
    fake[0].answers["SimulatePrincipalPolicy"] = 200, simulated("")
    check_aws(NEEDS, fake[1])
    counts = [
        sum(key.startswith("ActionNames") for key in form)
        for form in fake[0].asked
        if form.get("Action") == "SimulatePrincipalPolicy"
    ]
    assert counts == [50, 14]


@pytest.mark.parametrize(("free", "verdict"), [(10, Verdict.MISSING), (101, Verdict.MISSING), (102, Verdict.OK)])
def test_new_accounts_run_too_few_functions_at_once(fake: Fake, free: int, verdict: Verdict) -> None:
    fake[0].answers["GetCallerIdentity"] = USER
    fake[0].answers["SimulatePrincipalPolicy"] = 200, simulated("")
    limit = {"ConcurrentExecutions": free, "UnreservedConcurrentExecutions": free}
    fake[0].answers["/2016-08-19/account-settings"] = fake[0].answers["/2016-08-19/account-settings/"] = (
        200,
        json.dumps({"AccountLimit": limit}),
    )
    finding = of(check_aws(NEEDS, fake[1]), Topic.QUOTAS)
    assert finding.verdict is verdict


def test_without_a_twin_only_who_signs_in_is_told(fake: Fake) -> None:
    fake[0].answers["GetCallerIdentity"] = USER
    (finding,) = check_aws(Needs(Provider.AWS, (), ()), fake[1])
    assert (finding.verdict, finding.topic) == (Verdict.OK, Topic.IDENTITY)


def test_the_root_user_is_advised_against(fake: Fake) -> None:
    fake[0].answers["GetCallerIdentity"] = identity("arn:aws:iam::123456789012:root")
    finding = of(check_aws(NEEDS, fake[1]), Topic.PERMISSIONS)
    assert (finding.verdict, "create a user or role" in finding.remedy) == (Verdict.UNKNOWN, True)


def test_a_cloud_that_cannot_be_reached_is_no_lack_of_rights(fake: Fake) -> None:
    session = EndpointSession(
        "http://127.0.0.1:9", aws_access_key_id="AKIA", aws_secret_access_key="s3cret", region_name=REGION
    )
    (finding,) = check_aws(NEEDS, lambda _region: session)
    assert (finding.verdict, finding.topic) == (Verdict.UNKNOWN, Topic.IDENTITY)
