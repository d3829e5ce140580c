"""What each cloud takes to sign in: the fields of a connection, by how somebody signs in there, and how to get what
goes into them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from twin2multicloud.app.ui.language import tr
from twin2multicloud.model.slots import Provider

Kind = Literal["line", "secret", "lines", "file"]


@dataclass(frozen=True)
class Field:
    """A field. `path` is where its value goes in what the API takes; `file`: its content is a file's, as base64."""

    path: str
    label: str
    hint: str = ""
    kind: Kind = "line"
    needed: bool = True


@dataclass(frozen=True)
class Variant:
    """A way to sign in. `steps` say how to get what the fields ask for."""

    key: str
    label: str
    config: Sequence[Field]
    secrets: Sequence[Field]
    steps: Sequence[str]

    @property
    def fields(self) -> Sequence[Field]:
        """All of them."""
        return (*self.config, *self.secrets)


def variants(provider: Provider) -> Sequence[Variant]:
    """The ways to sign in at a cloud, the usual one first."""
    return {Provider.AWS: _aws, Provider.AZURE: _azure, Provider.GCP: _gcp}[provider]()


def document(provider: Provider, variant: Variant, values: Mapping[str, str], *, secrets: bool) -> dict[str, Any]:
    """What is sent: the values of the variant's fields, each at its path; what was left empty is left out."""
    made: dict[str, Any] = {"provider": provider.value, "name": values.get("name", "").strip(), "config": {}}
    if secrets:
        made["credentials"] = {}
    for field in variant.fields if secrets else variant.config:
        part, _, name = field.path.partition(".")
        value = values.get(field.path, "")
        value = value if field.kind == "secret" else value.strip()
        if value:
            made[part][name] = value
    return made


def of_config(provider: Provider, config: Mapping[str, Any]) -> Variant:
    """The variant that a connection's configuration tells of, as far as it does: credentials are not told."""
    known = {f"config.{name}" for name, value in config.items() if value is not None}
    found = variants(provider)
    return max(found, key=lambda each: len(known & {field.path for field in each.config}))


def _aws() -> Sequence[Variant]:
    account = Field("config.account_id", tr("Account id"), "123456789012")
    region = Field("config.region", tr("Region to ask when there is no twin"), "eu-central-1")
    key_id = Field("credentials.access_key_id", tr("Access key id"), "AKIA…", "secret")
    key = Field("credentials.secret_access_key", tr("Secret access key"), "", "secret")
    token = Field("credentials.session_token", tr("Session token"), "", "secret")
    role = Field("config.role_arn", tr("Role to take on (ARN)"), "arn:aws:iam::123456789012:role/twins")
    external = Field("config.external_id", tr("External id of the role, if it asks for one"), needed=False)
    policy = tr("What it must be allowed, at the least: `twin2multicloud policies aws TWIN` prints the policy.")
    make_key = tr("IAM → Users → the user → Security credentials → Create access key. The secret is shown only then.")
    return (
        Variant("key", tr("Access key of a user"), (account, region), (key_id, key), (make_key, policy)),
        Variant(
            "role",
            tr("Role, taken on with a key"),
            (account, region, role, external),
            (key_id, key),
            (
                tr("IAM → Roles → Create role → AWS account. Its trust policy names the user whose key you give here."),
                make_key,
                tr("The user needs sts:AssumeRole on the role, and nothing else."),
                policy,
            ),
        ),
        Variant(
            "temporary",
            tr("Temporary key with its session token"),
            (account, region),
            (key_id, key, token),
            (
                tr("`aws sts get-session-token`, or “Command line access” in the AWS access portal, shows all three."),
                tr("It ends after some hours, and deployments with it: give a new one then (“Replace credentials”)."),
                policy,
            ),
        ),
    )


def _azure() -> Sequence[Variant]:
    config = (
        Field("config.subscription_id", tr("Subscription id"), "3f0c2a9e-5d7b-4c1e-9a43-0b8e6f2d1c57"),
        Field("config.tenant_id", tr("Tenant id (directory)"), "3f0c2a9e-5d7b-4c1e-9a43-0b8e6f2d1c57"),
        Field("config.client_id", tr("Client id of the application"), "3f0c2a9e-5d7b-4c1e-9a43-0b8e6f2d1c57"),
    )
    app = tr("Microsoft Entra ID → App registrations → New registration. Its overview has the client id and tenant id.")
    role = tr(
        "Subscription → Access control → Add role assignment, to the application: the role that "
        "`twin2multicloud policies azure TWIN` prints."
    )
    return (
        Variant(
            "secret",
            tr("Client secret"),
            config,
            (Field("credentials.client_secret", tr("Client secret (its value, not its id)"), "", "secret"),),
            (app, tr("Certificates & secrets → New client secret. Its value is shown only then."), role),
        ),
        Variant(
            "certificate",
            tr("Certificate"),
            config,
            (
                Field("credentials.certificate", tr("PKCS #12 file with its private key (.pfx, .p12)"), "", "file"),
                Field("credentials.certificate_password", tr("Password of the file"), "", "secret", needed=False),
            ),
            (
                app,
                tr("Certificates & secrets → Certificates → Upload: the public part of the certificate."),
                tr("Give here the file with both parts (`openssl pkcs12 -export`)."),
                role,
            ),
        ),
    )


def _gcp() -> Sequence[Variant]:
    project = Field("config.project_id", tr("Project id"), "twins-2026")
    acted = Field("config.impersonate", tr("Service account to act as"), "deployer@twins-2026.iam.gserviceaccount.com")
    key = Field("credentials.service_account_key", tr("Key file of the service account (JSON)"), "", "lines")
    make_key = tr(
        "IAM & Admin → Service accounts → the account → Keys → Add key → JSON. The file is downloaded once; "
        "give it whole."
    )
    role = tr("The account needs the role that `twin2multicloud policies gcp TWIN` prints, in the project.")
    services = tr(
        "In the project, switch on the APIs serviceusage and cloudresourcemanager; deploying switches on the rest."
    )
    return (
        Variant("key", tr("Key of a service account"), (project,), (key,), (services, make_key, role)),
        Variant(
            "impersonate",
            tr("Key that acts as another service account"),
            (project, acted),
            (key,),
            (
                services,
                make_key,
                tr("The key's account needs roles/iam.serviceAccountTokenCreator on the one that it acts as."),
                role,
            ),
        ),
    )
